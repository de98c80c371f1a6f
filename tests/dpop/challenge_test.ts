import { assertEquals } from "@std/assert";
import { getProofError } from "../../src/dpop/challenge.ts";

const challenges: readonly [string, string | undefined][] = [
  // RFC 9449 §7.1 and §9.
  ['DPoP error="invalid_token", error_description="Invalid DPoP key binding", algs="ES256"', "invalid_token"],
  ['DPoP error="use_dpop_nonce", error_description="Resource server requires nonce in DPoP proof"', "use_dpop_nonce"],
  ['Bearer, DPoP algs="ES256 PS256"', undefined],
  ['Bearer error="invalid_token", DPoP algs="ES256", error="use_dpop_nonce"', "use_dpop_nonce"],
  ['DPoP algs="ES256", error="use_dpop_nonce", Bearer error="invalid_token"', "use_dpop_nonce"],
  ['DPoP algs="ES256", Bearer error="use_dpop_nonce"', undefined],
  ['Negotiate YWJj==, dpop ERROR = "use_dpop_nonce"', "use_dpop_nonce"],
  ["DPoP error=use_dpop_nonce", "use_dpop_nonce"],
  ['DPoP realm="a \\"DPoP error=use_dpop_nonce\\" b"', undefined],
  ['Bearer realm="DPoP error=use_dpop_nonce"', undefined],
  ["Jwt is missing; DPoP", undefined],
  ["error=use_dpop_nonce", undefined],
  ["", undefined],
];

Deno.test("getProofError: finds the error of the DPoP challenge, of a 401 only", () => {
  for (const [challenge, error] of challenges) {
    const headers = new Headers({ "www-authenticate": challenge });
    const read = [401, 200, 400, 403].map((status) => getProofError({ status, headers }));
    assertEquals(read, [error, undefined, undefined, undefined], challenge);
  }
  assertEquals(getProofError(new Response(null, { status: 401 })), undefined);
});
