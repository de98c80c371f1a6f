import { assert, assertEquals, assertMatch } from "@std/assert";
import { dpop } from "@m2m/authenticator/dpop";
import {
  calculateJwkThumbprint,
  decodeJwt,
  decodeProtectedHeader,
  EmbeddedJWK,
  exportJWK,
  importJWK,
  jwtVerify,
} from "jose";
import { openKeyPair } from "../../src/dpop/key_pair.ts";
import { testKey } from "../client_auth/signing_keys.ts";

/** The key of the examples of RFC 9449. */
const exampleKey = {
  kty: "EC",
  crv: "P-256",
  x: "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs",
  y: "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
};
const exampleHeader = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNo" +
  "UklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6" +
  "IlAtMjU2In19";
/** Figure 2. */
const tokenRequestProof = `${exampleHeader}.eyJqdGkiOiItQndDM0VTYzZhY2MybFRjIiwiaHRtIjoiUE9TVCIsImh0dSI6Imh0dHBzOi8vc` +
  "2VydmVyLmV4YW1wbGUuY29tL3Rva2VuIiwiaWF0IjoxNTYyMjYyNjE2fQ.2-GxA6T8lP4vfrg8v-FdWP0A0zdrj8igiMLvqRMUvwnQg4PtFLbdLXiOS" +
  "sX0x7NVY-FNyJK70nfbV37xRZT3Lg";
/** Figure 12. */
const apiProof =
  `${exampleHeader}.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5l` +
  "eGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlp" +
  "S0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";
const exampleToken = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";

Deno.test("RFC 9449 §4.1: the example's proof is taken for a good one, so what takes ours here knows its business", async () => {
  for (const proof of [tokenRequestProof, apiProof]) {
    const { protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { typ: "dpop+jwt" });
    assertEquals(protectedHeader, { typ: "dpop+jwt", alg: "ES256", jwk: exampleKey });
  }
});

Deno.test("RFC 9449 §4.2: a proof has the header and the claims of the example, in value or in kind", async () => {
  const proofs = dpop({ clock: { wall: () => 1_562_262_616_999 } });

  const proof = await proofs.proof({ method: "POST", url: "https://server.example.com/token" });

  const { jti: exampleJti, ...exampleClaims } = decodeJwt(tokenRequestProof);
  const { jti, ...claims } = decodeJwt(proof);
  assertEquals(claims, exampleClaims);
  assert(jti!.length >= exampleJti!.length, "96 bits of chance at least");
  const { jwk, ...header } = decodeProtectedHeader(proof);
  const { jwk: _, ...ofExample } = decodeProtectedHeader(tokenRequestProof);
  assertEquals(header, ofExample);
  assertEquals([jwk!.kty, jwk!.crv, Object.keys(jwk!).length], ["EC", "P-256", 4]);
  await jwtVerify(proof, EmbeddedJWK, { currentDate: new Date(1_562_262_617_000) });
});

Deno.test("RFC 9449 §7.1: the hash of the example's token is that of the example", async () => {
  const proofs = dpop({ clock: { wall: () => 1_562_262_618_000 } });

  const proof = await proofs.proof({
    method: "GET",
    url: "https://resource.example.org/protectedresource?a=1#b",
    accessToken: exampleToken,
  });

  const { jti: _, ...claims } = decodeJwt(proof);
  const { jti: __, ...exampleClaims } = decodeJwt(apiProof);
  assertEquals(claims, exampleClaims);
  assertEquals(claims.ath, "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo");
});

Deno.test("RFC 9449 §8: the nonce of the example comes into the next proof, for that origin alone", async () => {
  const proofs = dpop();
  const url = "https://server.example.com/token";
  const nonce = "eyJ7S_zG.eyJH0-Z.HX4w-7v";
  proofs.noteNonce(url, nonce);
  proofs.noteNonce(url, null);
  const said = async (url: string) => decodeJwt(await proofs.proof({ method: "POST", url })).nonce;

  assertEquals(
    [await said("https://server.example.com/other"), await said("https://resource.example.org/")],
    [nonce, undefined],
  );
});

/** The thumbprint that is told of a public key, whose private one nobody has published: another stands in for it. */
async function thumbprintOf(alg: "RS256" | "ES256", jwk: JsonWebKey): Promise<string> {
  const publicKey = await importJWK(jwk, alg, { extractable: true }) as CryptoKey;
  return (await openKeyPair({ publicKey, privateKey: (await testKey(alg)).cryptoKey }, alg)).thumbprint;
}

Deno.test("RFC 7638 §3.1: the thumbprint of the example is that of the example", async () => {
  const n =
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3" +
    "oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ" +
    "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

  assertEquals(
    await thumbprintOf("RS256", { kty: "RSA", n, e: "AQAB" }),
    "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs",
  );
});

Deno.test("RFC 9449 §6.1: the thumbprint of the example's key is that in its token", async () => {
  assertEquals(await thumbprintOf("ES256", exampleKey), "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
});

Deno.test("the thumbprint is that of the key that proofs show, and stays", async () => {
  const proofs = dpop();
  const proof = await proofs.proof({ method: "GET", url: "https://api.example.com" });

  const { jwk } = decodeProtectedHeader(proof);
  const thumbprint = await proofs.thumbprint();
  assertEquals([await calculateJwkThumbprint(jwk!), await proofs.thumbprint()], [thumbprint, thumbprint]);
  assertMatch(thumbprint, /^[\w-]{43}$/);
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const own = dpop({ keyPair: pair as CryptoKeyPair });
  assertEquals(
    await own.thumbprint(),
    await calculateJwkThumbprint(await exportJWK((pair as CryptoKeyPair).publicKey)),
  );
});
