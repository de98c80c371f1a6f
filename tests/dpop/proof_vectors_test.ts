import { assert, assertEquals } from "@std/assert";
import { dpop } from "@m2m/authenticator/dpop";
import { decodeJwt, decodeProtectedHeader, EmbeddedJWK, importJWK, jwtVerify } from "jose";
import { openKeyPair } from "../../src/dpop/key_pair.ts";
import { testKey } from "../client_auth/signing_keys.ts";

/** The examples of RFC 9449. */
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

const examples = [
  ["§4.1, a token request", tokenRequestProof, { method: "POST", url: "https://server.example.com/token" }],
  ["§7.1, a call", apiProof, {
    method: "GET",
    url: "https://resource.example.org/protectedresource?a=1#b",
    accessToken: "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
  }],
] as const;
for (const [section, example, target] of examples) {
  Deno.test(`proof: has the header and claims of RFC 9449 ${section}`, async () => {
    const { jti: exampleJti, ...exampleClaims } = decodeJwt(example);
    const wall = () => exampleClaims.iat! * 1_000 + 999;
    const proof = await dpop({ clock: { wall }, clockSkew: 0 }).proof(target);

    const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, { currentDate: new Date(wall()) });
    const { jti, ...claims } = payload;
    assertEquals(claims, exampleClaims);
    assert(jti!.length >= exampleJti!.length, "at least 96 random bits");
    const { jwk, ...header } = protectedHeader;
    assertEquals(header, { typ: "dpop+jwt", alg: "ES256" });
    assertEquals([jwk!.kty, jwk!.crv, Object.keys(jwk!).length], ["EC", "P-256", 4]);
  });
}

Deno.test("thumbprint: is that of RFC 9449 §6.1", async () => {
  // The example's private key isn't published.
  const { cryptoKey: privateKey } = await testKey("ES256");
  const { jwk } = decodeProtectedHeader(apiProof);
  const publicKey = await importJWK(jwk!, "ES256", { extractable: true }) as CryptoKey;
  const { thumbprint } = await openKeyPair({ publicKey, privateKey }, "ES256");
  assertEquals(thumbprint, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
});
