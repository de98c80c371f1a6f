/** Clients whose key never leaves a PKCS#11 token, at a real server. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AuthenticationError, ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { type ExternalSigner, privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { dpop } from "@m2m/authenticator/dpop";
import { testsOn } from "../runtimes/tests_on.ts";
import { DpopVerifier } from "../servers/dpop_verifier.ts";
import { findSoftHsm, type SoftHsm, startSoftHsm } from "../servers/softhsm.ts";
import { startPlace } from "./place.ts";

const testOnSoftHsm = await testsOn("SoftHSM", findSoftHsm);

const kinds = {
  ES256: ["EC:prime256v1", { name: "ECDSA", namedCurve: "P-256" }],
  PS256: ["rsa:2048", { name: "RSA-PSS", hash: "SHA-256" }],
} as const;

/** Makes a key in the token, and the public half as a `CryptoKey`. */
async function makeKey(hsm: SoftHsm, alg: keyof typeof kinds, id: string) {
  const [type, parameters] = kinds[alg];
  const publicKey = await crypto.subtle.importKey("spki", await hsm.makeKey(type, id), parameters, true, ["verify"]);
  return { alg, kid: id, publicKey };
}

/** SoftHSM 2.6 has no mechanism that hashes for ECDSA; `pkcs11-tool` gives the 64 bytes of a JWS. */
const signEc = (hsm: SoftHsm, id: string, ...args: string[]): ExternalSigner["sign"] => async (data) =>
  await hsm.sign(id, new Uint8Array(await crypto.subtle.digest("SHA-256", data)), "ECDSA", ...args);

async function startScene(signer: ExternalSigner) {
  const { kty, crv, x, y, n, e } = await crypto.subtle.exportKey("jwk", signer.publicKey as CryptoKey);
  const jwks = { keys: [{ kid: signer.kid, ...kty === "EC" ? { kty, crv, x, y } : { kty, n, e } }] };
  const method = { token_endpoint_auth_method: "private_key_jwt", jwks };
  const place = await startPlace({ clients: [{ client_id: "id", ...method }] }, { dpop: new DpopVerifier() });
  const { issuer, tokenEndpoint } = place.server;
  const authenticator = new ClientCredentialsAuthenticator({
    ...{ endpoint: place.api.origin, clientId: "id", clientAuth: privateKeyJwt(signer) },
    configStore: new StaticClientConfigStore({ issuer, tokenEndpoint, scopes: ["api:read"] }),
    ...signer.alg === "ES256" ? { dpop: dpop({ signer }) } : {},
  });
  return Object.assign(place, { authenticator });
}

testOnSoftHsm("privateKeyJwt, dpop: a key in a PKCS#11 token signs for oidc-provider", async () => {
  await using hsm = await startSoftHsm();
  const signers: ExternalSigner[] = [
    { ...await makeKey(hsm, "ES256", "01"), sign: signEc(hsm, "01") },
    { ...await makeKey(hsm, "PS256", "02"), sign: (data) => hsm.sign("02", data, "SHA256-RSA-PKCS-PSS") },
  ];
  for (const signer of signers) {
    await using scene = await startScene(signer);
    const response = await scene.authenticator.fetch("/");
    await response.text();
    const type = signer.alg === "ES256" ? "DPoP" : "Bearer";
    assertEquals([response.status, scene.authenticator.credentials?.tokenType], [200, type]);
  }
});

testOnSoftHsm("privateKeyJwt: what a PKCS#11 token is told wrong is named, and not sent", async () => {
  await using hsm = await startSoftHsm();
  const [ec, rsa] = [await makeKey(hsm, "ES256", "01"), await makeKey(hsm, "PS256", "02")];
  const cases: readonly [message: string, signer: ExternalSigner][] = [
    ["DER signature", { ...ec, sign: signEc(hsm, "01", "--signature-format", "openssl") }],
    ["publicKey doesn't verify", { ...ec, sign: (data) => hsm.sign("01", data.subarray(0, 32), "ECDSA") }],
    ["a salt of 20 bytes", { ...rsa, sign: (data) => hsm.sign("02", data, "SHA256-RSA-PKCS-PSS", "--salt-len", "20") }],
    ["RSASSA-PKCS1-v1_5 with SHA-1", { ...rsa, sign: (data) => hsm.sign("02", data, "SHA1-RSA-PKCS") }],
    ["see the cause", { ...rsa, sign: (data) => hsm.sign("03", data, "SHA256-RSA-PKCS-PSS") }],
  ];
  for (const [message, signer] of cases) {
    await using scene = await startScene({ ...signer });
    const error = await assertRejects(() => scene.authenticator.getCredentials(), AuthenticationError, message);
    assertEquals([error.code, scene.server.tokenRequests.length], ["client_auth_unavailable", 0]);
    if (error.cause) assertStringIncludes((error.cause as Error).message, "Private key not found");
  }
});
