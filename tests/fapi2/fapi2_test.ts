import { assertEquals, assertFalse, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError, ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { selfSignedTlsClientAuth, tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { dpop } from "@m2m/authenticator/dpop";
import { fapi2, type Fapi2Options } from "@m2m/authenticator/fapi2";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { startPlace } from "../client_auth/place.ts";
import { getStatus, readClaims } from "../client_auth/refusal.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { setTlsStage } from "../client_auth/tls_stage.ts";
import { DpopVerifier } from "../servers/dpop_verifier.ts";

const key = (await testKey("ES256")).pem;
const configStore = new DiscoveryClientConfigStore("https://auth.test");
const clientCertificate = { cert: "/tls.crt", key: "/tls.key" };
/** An RSA key that says of itself that it is for RS256. */
const rsa = (await testKey("RS256")).cryptoKey;
const rsaPem = (await testKey("PS256")).pem;

Deno.test("fapi2: refuses what the profile forbids, and names the paragraph", async () => {
  const usual = { key, dpop: dpop(), configStore };
  const { key: _, ...withoutKey } = usual;
  const cases: readonly (readonly [options: object, message: string])[] = [
    [{ ...usual, dpop: undefined }, "sender-constrained (§5.3.3.1, 1)"],
    [{ ...usual, dpop: dpop({ allowBearer: true }) }, "allowBearer: tokens are sender-constrained (§5.3.3.1, 1)"],
    [{ ...usual, clientSecret: "planted" }, "(§5.3.3.1, 2)"],
    [{ ...withoutKey, clientAuth: clientSecretJwt("planted") }, "not by client_secret_jwt"],
    [{ ...withoutKey, clientAuth: clientAssertion(() => "", { method: "spiffe_jwt" }) }, "(§5.3.3.1, 2)"],
    [{ ...withoutKey, clientAuth: tlsClientAuth() }, "tls_client_auth"],
    [withoutKey, "Either key or clientAuth"],
    [{ ...usual, clientAuth: tlsClientAuth() }, "Either key or clientAuth"],
    [{ ...usual, headerKey: "x-token" }, "(§5.3.3.1, 3)"],
    [{ ...usual, tokenType: "Bearer" }, "(§5.3.3.1, 3)"],
    [{ ...usual, assertion: { audience: "token-endpoint" } }, "(§5.3.3.1, 5)"],
    [{ ...usual, configStore: undefined }, "configStore must be"],
    [{ ...usual, configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.test" }) }, "(§5.3.3.1, 9)"],
    [{ ...usual, endpoint: "http://api.test" }, "(§5.2)"],
    [{ ...usual, allowedOrigins: ["https://a.test", "http://b.test"] }, "allowedOrigins must be https: (§5.2)"],
    [{ ...usual, verify: false }, "(§5.2)"],
    [{ ...usual, allowInsecureRequests: true }, "(§5.2)"],
    [{ ...usual, key: rsa }, "(§5.4.1), by FAPI 2.0: got RS256"],
    [{ ...usual, key: rsaPem, assertion: { alg: "PS512" } }, "(§5.4.1), by FAPI 2.0: got PS512"],
    [{ ...usual, key: (await testKey("ES384")).privateJwk }, "got ES384"],
    [{ ...usual, key: "planted" }, "The private key is neither"],
  ];
  for (const [options, message] of cases) {
    const error = assertThrows(() => fapi2(options as Fapi2Options), TypeError, message);
    assertFalse(error.message.includes("planted"));
  }
});

Deno.test("fapi2: passes on other options, and accepts certificates", () => {
  const fetch = globalThis.fetch;
  const { clientAuth, ...others } = fapi2({
    key,
    configStore,
    clientCertificate,
    headerKey: "Authorization",
    timeout: 9,
  });
  assertEquals(clientAuth.method, "private_key_jwt");
  assertEquals(others, { configStore, clientCertificate, headerKey: "Authorization", timeout: 9 });
  for (const clientAuth of [tlsClientAuth(), selfSignedTlsClientAuth()]) {
    const headerKey = "authorization";
    assertEquals<unknown>(fapi2({ clientAuth, configStore, fetch }), { clientAuth, configStore, fetch, headerKey });
  }
  const given: unknown[] = [];
  const spy = Object.assign(dpop(), { apiFetch: (...all: unknown[]) => (given.push(...all), fetch) });
  const { dpop: watched } = fapi2({ key, configStore, dpop: spy });
  const onEvent = () => {};
  watched?.apiFetch(fetch, "authorization", onEvent);
  assertEquals(given, [fetch, "authorization", onEvent], "events of the API's calls are emitted, too");
  // @ts-expect-error: what is returned isn't what dpop() returned.
  assertEquals(watched?.proof, undefined);
});

const algorithms = ["PS256", "ES256", "EdDSA", "Ed25519"] as const;
const clients = await Promise.all([...algorithms, "RS256" as const].map(async (alg) => ({
  client_id: alg,
  token_endpoint_auth_method: "private_key_jwt",
  dpop_bound_access_tokens: true,
  jwks: { keys: [(await testKey(alg)).publicJwk] },
})));

async function startFapiPlace() {
  const place = await startPlace(
    { clients, authMethods: ["private_key_jwt"], fapi: true, dpop: { nonces: true } },
    { dpop: new DpopVerifier() },
  );
  const { server: { issuer }, api: { origin: endpoint } } = place;
  const options = {
    endpoint,
    configStore: new DiscoveryClientConfigStore(issuer, { overrides: { scopes: ["api:read"], audience: issuer } }),
  };
  return Object.assign(place, { options });
}

Deno.test("fapi2: a server that keeps to the profile accepts each algorithm, the audience and the type", async () => {
  await using place = await startFapiPlace();
  const { options, server: { issuer, tokenRequests } } = place;
  for (const alg of algorithms) {
    const { pem, privateJwk } = await testKey(alg);
    for (const typ of ["client-authentication+jwt", "JWT"]) {
      await using authenticator = new ClientCredentialsAuthenticator({
        clientId: alg,
        ...fapi2({
          ...options,
          key: { key: pem, kid: privateJwk.kid! },
          dpop: dpop({ alg }),
          // For an RSA key it is PS256 without being told.
          assertion: { ...alg === "Ed25519" && { alg }, ...typ === "JWT" && { header: { typ } } },
        }),
      });
      assertEquals(await getStatus(authenticator.fetch("/")), 200);
      assertEquals(authenticator.credentials?.tokenType, "DPoP");
      const assertion = String(tokenRequests.at(-1)?.parameters["client_assertion"]);
      assertEquals(decodeProtectedHeader(assertion), { typ, alg, kid: privateJwk.kid! });
      assertEquals(decodeJwt(assertion).aud, issuer);
    }
  }
});

Deno.test("fapi2: what only a looked-up key or a value shows isn't sent; the server would refuse it", async () => {
  await using place = await startFapiPlace();
  const { options, server: { tokenRequests } } = place;
  const rsaProof = await crypto.subtle.generateKey(
    { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    false,
    ["sign", "verify"],
  );
  const es256 = { key, kid: "kid-of-ES256" };
  const elsewhere = privateKeyJwt(es256, { audience: "token-endpoint" });
  const cases: readonly (readonly [clientId: string, Partial<Fapi2Options>, code: string, text: string])[] = [
    ["RS256", { key: () => ({ key: rsa, kid: "kid-of-RS256" }) }, "client_auth_unavailable", "got RS256"],
    ["ES256", { clientAuth: elsewhere }, "client_auth_unavailable", "(§5.3.3.1, 5)"],
    ["ES256", { clientAuth: clientAssertion(() => "a.b.c.d.e") }, "client_auth_unavailable", "can't be read"],
    ["ES256", { key: es256, dpop: dpop({ keyPair: rsaProof }) }, "proof_failed", "got RS256"],
  ];
  for (const [clientId, part, code, text] of cases) {
    const make = (given: Partial<Fapi2Options>) =>
      new ClientCredentialsAuthenticator({ clientId, ...fapi2({ ...options, dpop: dpop(), ...given }) });
    await using authenticator = make(part);
    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError, text);
    assertEquals([error.code, tokenRequests.length], [code, 0]);
  }
  const unchecked = [[elsewhere, "ES256"], [privateKeyJwt({ key: rsa, kid: "kid-of-RS256" }), "RS256"]] as const;
  for (const [clientAuth, clientId] of unchecked) {
    await using authenticator = new ClientCredentialsAuthenticator({ ...options, clientId, clientAuth, dpop: dpop() });
    const error = await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
    assertEquals(error.error, "invalid_client");
  }
});

Deno.test("fapi2: without DPoP a token is bound to the certificate, whichever way the client authenticates", async () => {
  await using stage = await setTlsStage();
  const { issuer, api, authority, certificates } = stage.input;
  const kid = "kid-of-ES256";
  for (
    const [clientId, by] of [["by-subject", { clientAuth: tlsClientAuth() }], ["by-key", {
      key: { key, kid },
    }]] as const
  ) {
    await using authenticator = new ClientCredentialsAuthenticator(fapi2({
      endpoint: api,
      clientId,
      ...by,
      clientCertificate: certificates["of my client"]!,
      verify: authority,
      configStore: new DiscoveryClientConfigStore(issuer, {
        useMtlsEndpointAliases: true,
        overrides: { scopes: ["api:read"], audience: issuer },
      }),
    }));
    assertEquals(await getStatus(authenticator.fetch("/")), 200);
    assertEquals(Object.keys(readClaims(authenticator)["cnf"] as object), ["x5t#S256"]);
  }
});
