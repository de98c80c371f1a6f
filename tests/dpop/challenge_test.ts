import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { getProofError } from "../../src/dpop/challenge.ts";

const read = (challenge: string, status = 401) =>
  getProofError({ status, headers: new Headers({ "www-authenticate": challenge }) });

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

for (const [challenge, error] of challenges) {
  Deno.test(`getProofError: finds ${error ?? "nothing"} in ${JSON.stringify(challenge)}`, () => {
    assertEquals(read(challenge), error);
  });
}

Deno.test("getProofError: reads challenges of a 401 only", () => {
  for (const status of [200, 400, 403]) assertEquals(read('DPoP error="use_dpop_nonce"', status), undefined);
  assertEquals(getProofError(new Response(null, { status: 401 })), undefined);
});

Deno.test("getProofError: finds the error among any challenges, and doesn't throw on others", () => {
  const junk = fc.string({ unit: fc.constantFrom(...'aB=", \\;:~\t'), maxLength: 40 });
  fc.assert(fc.property(junk, (text) => ["string", "undefined"].includes(typeof read(text))));
  const token = fc.stringMatching(/^[a-z]{1,8}$/);
  const quoted = fc.string({ unit: fc.constantFrom(..."ab=, "), maxLength: 10 });
  const parameters = fc.array(fc.tuple(token.filter((name) => name !== "error"), quoted), { maxLength: 4 });
  const challenge = fc.tuple(token.filter((name) => name !== "dpop"), parameters);
  const write = ([scheme, parameters]: [string, [string, string][]]) =>
    [`${scheme} p="q"`, ...parameters.map(([name, value]) => `${name}="${value}"`)].join(", ");
  fc.assert(
    fc.property(fc.array(challenge), parameters, quoted, fc.array(challenge), (before, own, error, after) => {
      const dpop: [string, [string, string][]] = ["DPoP", [...own, ["error", error]]];
      assertEquals(read([...before, dpop, ...after].map(write).join(", ")), error);
    }),
  );
});
