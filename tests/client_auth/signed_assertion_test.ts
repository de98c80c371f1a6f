import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { AuthenticationError, type ClientAuth, getToken } from "@m2m/authenticator";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { decodeJwt, decodeProtectedHeader } from "jose";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { assertHides } from "./showing.ts";
import { testKey } from "./signing_keys.ts";

const secret = "a-secret-that-is-long-enough-for-HS256";
const [one, other] = [await testKey("ES256"), await testKey("ES256", "other")];

/** Sends token requests, and returns their forms. */
async function send(clientAuth: ClientAuth, { times = 1, issuer }: { times?: number; issuer?: string } = {}) {
  const { url, fetch, requests } = tokenEndpointStub();
  for (let i = 0; i < times; i++) await getToken(url, { clientId: "id", clientAuth, issuer, fetch });
  return requests.map(({ form }) => ({ form, assertion: form.get("client_assertion")! }));
}

Deno.test("privateKeyJwt, clientSecretJwt: make an assertion for each attempt, and don't send the secret", async () => {
  for (const clientAuth of [privateKeyJwt(one.privateJwk), clientSecretJwt(secret)]) {
    const sent = await send(clientAuth, { times: 3 });

    assertEquals(new Set(sent.map(({ assertion }) => decodeJwt(assertion).jti)).size, 3);
    for (const { form, assertion } of sent) {
      const { iss, sub, exp = 0, iat = 0, nbf } = decodeJwt(assertion);
      assertEquals([iss, sub, nbf, exp - iat], ["id", "id", iat, 70]);
      assertEquals(form.get("client_assertion_type"), "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
      assertEquals([form.get("client_id"), form.toString().includes(secret)], ["id", false]);
    }
  }
});

Deno.test("audience: is the issuer, else the token endpoint, or the option", async () => {
  const url = "https://auth.test/oauth/token";
  const issuer = "https://auth.test";
  const cases = [
    [undefined, undefined, url],
    [undefined, issuer, issuer],
    ["issuer", issuer, issuer],
    ["token-endpoint", issuer, url],
    ["urn:of:its:own", issuer, "urn:of:its:own"],
  ] as const;
  for (const [audience, issuer, expected] of cases) {
    const [sent] = await send(privateKeyJwt(one.cryptoKey, { audience }), issuer ? { issuer } : {});
    assertEquals(decodeJwt(sent!.assertion).aud, expected);
  }
});

Deno.test("privateKeyJwt: looks up a rotating key, with its kid, for every attempt", async () => {
  const keys = [{ key: one.cryptoKey, kid: "old" }, { key: other.pem, kid: "new" }];
  const sent = await send(privateKeyJwt(() => keys.shift()!), { times: 2 });

  const headers = sent.map(({ assertion }) => decodeProtectedHeader(assertion));
  assertEquals(headers, [{ alg: "ES256", kid: "old" }, { alg: "ES256", kid: "new" }]);
});

Deno.test("header: adds JOSE header parameters", async () => {
  const header = { typ: "client-authentication+jwt", "x5t#S256": "thumb" };
  const [sent] = await send(privateKeyJwt(one.cryptoKey, { header }));

  assertEquals(decodeProtectedHeader(sent!.assertion), { ...header, alg: "ES256" });
});

/** Gets what identifies a credential after a refusal. */
async function getCredential(clientAuth: ClientAuth): Promise<string> {
  const request: Parameters<ClientAuth["authenticate"]>[0] = {
    tokenEndpoint: new URL("https://auth.test/token"),
    issuer: undefined,
    clientId: "id",
    headers: new Headers(),
    body: new URLSearchParams(),
    signal: AbortSignal.abort(),
    redact: () => {},
  };
  await clientAuth.authenticate(request);
  return request.credential!;
}

Deno.test("privateKeyJwt: credential identifies the key without showing it", async () => {
  for (const form of ["pem", "privateJwk", "cryptoKey"] as const) {
    const first = await getCredential(privateKeyJwt(one[form]));
    assertEquals(await getCredential(privateKeyJwt(one[form])), first);
    assertNotEquals(await getCredential(privateKeyJwt(other[form])), first);
    assertMatch(first, /^\["ES256",("kid-of-ES256"|null),"[\d,]+"\]$/);
  }
  const identify = (key: CryptoKey, kid: string) => getCredential(privateKeyJwt(() => ({ key, kid })));
  const known = await identify(one.cryptoKey, "7");
  assertEquals(await identify(other.cryptoKey, "7"), known, "a CryptoKey's own kid identifies it");
  assertNotEquals(await identify(other.cryptoKey, "8"), known);
  const [fixed, another] = [one, other].map(({ cryptoKey }) => privateKeyJwt(() => cryptoKey, { kid: "7" }));
  assertNotEquals(await getCredential(fixed!), await getCredential(another!), "the option's kid doesn't");
  assertEquals(await getCredential(clientSecretJwt(secret)), secret);
});

Deno.test("getToken: redacts an assertion, and its signature, in the server's error", async () => {
  for (const part of [(assertion: string) => assertion, (assertion: string) => assertion.split(".")[2]!]) {
    let sent = "";
    const { url, fetch } = tokenEndpointStub((_count, { form }) => {
      sent = part(form.get("client_assertion")!);
      const error_description = `bad signature: ${sent}!`;
      return Response.json({ error: "invalid_client", error_description }, { status: 401 });
    });
    const options = { clientId: "id", clientAuth: privateKeyJwt(one.pem), fetch };
    const error = await assertRejects(() => getToken(url, options), AuthenticationError);

    assertEquals(error.error_description, "bad signature: [redacted]!");
    assertHides(error, [sent]);
  }
});

Deno.test("getToken: a network error shows no assertion, even if the runtime's does", async () => {
  let assertion = "";
  const { url, fetch } = tokenEndpointStub((_count, { form, init }) => {
    assertion = form.get("client_assertion")!;
    throw new TypeError(`cannot send ${init.body}`);
  });
  const options = { clientId: "id", clientAuth: privateKeyJwt(one.pem), fetch };
  const error = await assertRejects(() => getToken(url, options), AuthenticationError);

  assertEquals(error.code, "network_error");
  assertHides(error, [assertion]);
});
