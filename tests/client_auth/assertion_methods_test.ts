import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { type ClientAuth, getToken } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { type RegisteredClient, startAuthorizationServer } from "../servers/authorization_server.ts";
import { algorithms, testKey } from "./signing_keys.ts";

const secret = "a-secret-that-is-long-enough-for-sixty-four-bytes-of-hash-or-more-of-them";
const secretAlgorithms = ["HS256", "HS384", "HS512"] as const;

async function keyClients(): Promise<RegisteredClient[]> {
  const keys = await Promise.all(algorithms.map((alg) => testKey(alg)));
  return keys.map(({ alg, publicJwk }) => ({
    client_id: alg,
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: alg,
    jwks: { keys: [publicJwk] },
  }));
}

Deno.test("a certified server takes every method, algorithm, form of key and audience", async (t) => {
  await using server = await startAuthorizationServer({
    clients: [
      ...await keyClients(),
      ...secretAlgorithms.map((alg) => ({
        client_id: alg,
        client_secret: secret,
        token_endpoint_auth_method: "client_secret_jwt" as const,
        token_endpoint_auth_signing_alg: alg,
      })),
    ],
  });
  const { issuer, tokenEndpoint } = server;
  const taken = async (clientId: string, clientAuth: ClientAuth) => {
    const { tokenType } = await getToken(tokenEndpoint, { issuer, clientId, clientAuth });
    assertEquals(tokenType, "Bearer");
    const { client_assertion: assertion } = server.tokenRequests.at(-1)!.parameters;
    assertEquals(decodeProtectedHeader(String(assertion)).alg, clientId);
    return decodeJwt(String(assertion));
  };

  for (const alg of algorithms) {
    await t.step(`private_key_jwt ${alg}`, async () => {
      const { pem, privateJwk, cryptoKey } = await testKey(alg);
      const kid = privateJwk.kid!;
      const forms = [pem, privateJwk, JSON.stringify(privateJwk), cryptoKey, { key: pem, kid }, () => privateJwk];
      for (const form of forms) {
        // Given where the key doesn't say it, and for the one key that has two names for its algorithm.
        const options = form === cryptoKey && alg !== "Ed25519" ? { kid } : { kid, alg };
        assertEquals((await taken(alg, privateKeyJwt(form, options))).aud, issuer);
      }
      const { aud } = await taken(alg, privateKeyJwt(pem, { alg, audience: "token-endpoint" }));
      assertEquals(aud, tokenEndpoint);
    });
    await t.step(`client assertion by ${alg}`, async () => {
      const { cryptoKey } = await testKey(alg);
      const provider = () =>
        new SignJWT({ iss: alg, sub: alg, aud: issuer, jti: crypto.randomUUID() })
          .setProtectedHeader({ alg }).setExpirationTime("1 minute").sign(cryptoKey);
      await taken(alg, clientAssertion(async () => `${await provider()}\r\n`));
    });
  }
  for (const alg of secretAlgorithms) {
    await t.step(`client_secret_jwt ${alg}`, async () => {
      assertEquals((await taken(alg, clientSecretJwt(secret, { alg }))).aud, issuer);
      const provider = () => Promise.resolve(secret);
      const { aud } = await taken(alg, clientSecretJwt(provider, { alg, audience: "token-endpoint" }));
      assertEquals(aud, tokenEndpoint);
    });
  }
});

Deno.test("every attempt has an assertion of its own, and the secret itself is never sent", async () => {
  const { privateJwk, publicJwk } = await testKey("ES256");
  await using server = await startAuthorizationServer({
    clients: [
      { client_id: "by-key", token_endpoint_auth_method: "private_key_jwt", jwks: { keys: [publicJwk] } },
      { client_id: "by-secret", client_secret: secret, token_endpoint_auth_method: "client_secret_jwt" },
    ],
  });
  const { issuer, tokenEndpoint } = server;
  const clients = {
    "by-key": privateKeyJwt(privateJwk, { alg: "ES256" }),
    "by-secret": clientSecretJwt(secret),
  };
  for (const [clientId, clientAuth] of Object.entries(clients)) {
    for (let i = 0; i < 3; i++) await getToken(tokenEndpoint, { issuer, clientId, clientAuth });
  }

  const sent = server.tokenRequests.map(({ parameters }) => parameters);
  const identifiers = sent.map(({ client_assertion }) => decodeJwt(String(client_assertion)).jti);
  assertEquals(new Set(identifiers).size, 6);
  assertEquals(JSON.stringify(sent).includes(secret), false);
  for (const { client_assertion, client_assertion_type, client_id } of sent) {
    const { iss, sub, exp = 0, iat = 0, nbf } = decodeJwt(String(client_assertion));
    assertEquals([iss, sub, nbf], [client_id, client_id, iat]);
    assertEquals(exp - iat, 70);
    assertEquals(client_assertion_type, "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  }
});

Deno.test("the audience is one string: the issuer, else the token endpoint, or what was asked for", async () => {
  const { cryptoKey } = await testKey("Ed25519");
  const seen: unknown[] = [];
  const fetch = (_url: unknown, init: RequestInit = {}) => {
    seen.push(decodeJwt(new URLSearchParams(String(init.body)).get("client_assertion")!).aud);
    return Promise.resolve(Response.json({ access_token: "token" }));
  };
  const url = "https://auth.test/oauth/token";
  for (const audience of [undefined, "token-endpoint", "urn:of:its:own"] as const) {
    await getToken(url, { clientId: "id", clientAuth: privateKeyJwt(cryptoKey, { audience }), fetch });
  }
  await getToken(url, { clientId: "id", issuer: "https://auth.test", clientAuth: privateKeyJwt(cryptoKey), fetch });

  assertEquals(seen, [url, url, "urn:of:its:own", "https://auth.test"]);
});

Deno.test("a key that changes is looked up for every attempt, and brings its kid along", async () => {
  const [old, young] = [await testKey("ES256"), await testKey("ES256", "young")];
  await using server = await startAuthorizationServer({
    clients: [{
      client_id: "id",
      token_endpoint_auth_method: "private_key_jwt",
      jwks: { keys: [{ ...old.publicJwk, kid: "old" }, { ...young.publicJwk, kid: "young" }] },
    }],
  });
  const keys = [{ key: old.cryptoKey, kid: "old" }, { key: young.pem, kid: "young" }];
  let asked = 0;
  const clientAuth = privateKeyJwt(() => keys[asked++]!);
  const { issuer, tokenEndpoint } = server;

  for (const _ of keys) await getToken(tokenEndpoint, { issuer, clientId: "id", clientAuth });

  const headers = server.tokenRequests.map(({ parameters }) =>
    decodeProtectedHeader(String(parameters.client_assertion))
  );
  assertEquals(headers, [{ alg: "ES256", kid: "old" }, { alg: "ES256", kid: "young" }]);
});

Deno.test("the header may say more, and never another alg or kid", async () => {
  const { cryptoKey } = await testKey("ES256");
  const header = { typ: "client-authentication+jwt", "x5t#S256": "thumb" };
  let seen: unknown;
  const fetch = (_url: unknown, init: RequestInit = {}) => {
    seen = decodeProtectedHeader(new URLSearchParams(String(init.body)).get("client_assertion")!);
    return Promise.resolve(Response.json({ access_token: "token" }));
  };
  await getToken("https://auth.test/token", {
    clientId: "id",
    clientAuth: privateKeyJwt(cryptoKey, { header }),
    fetch,
  });

  assertEquals(seen, { ...header, alg: "ES256" });
});

Deno.test("what a key is known by is another for another key, and tells nothing of it", async () => {
  const [one, other] = [await testKey("ES256"), await testKey("ES256", "young")];
  const credentialOf = async (clientAuth: ClientAuth) => {
    const request = {
      tokenEndpoint: new URL("https://auth.test/token"),
      issuer: undefined,
      clientId: "id",
      headers: new Headers(),
      body: new URLSearchParams(),
      signal: AbortSignal.abort(),
      redact: () => {},
    };
    await clientAuth.authenticate(request);
    return (request as { credential?: string }).credential!;
  };
  for (const form of ["pem", "privateJwk", "cryptoKey"] as const) {
    const first = await credentialOf(privateKeyJwt(one[form]));
    assertEquals(await credentialOf(privateKeyJwt(one[form])), first);
    assertNotEquals(await credentialOf(privateKeyJwt(other[form])), first);
    assertMatch(first, /^\["ES256",("kid-of-ES256"|null),"[\d,]+"\]$/);
  }
  // Which object it is says nothing of a key that comes with its identifier.
  const [same, imported] = [one.cryptoKey, other.cryptoKey];
  const known = await credentialOf(privateKeyJwt(() => ({ key: same, kid: "7" })));
  assertEquals(await credentialOf(privateKeyJwt(() => ({ key: imported, kid: "7" }))), known);
  assertNotEquals(await credentialOf(privateKeyJwt(() => ({ key: imported, kid: "8" }))), known);
  // An identifier for whatever key there is tells none from another.
  const fixed = await credentialOf(privateKeyJwt(() => same, { kid: "7" }));
  assertNotEquals(await credentialOf(privateKeyJwt(() => imported, { kid: "7" })), fixed);
  assertEquals(await credentialOf(clientSecretJwt(secret)), secret);
});
