import { assert, assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, type ClientAuth, getToken } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { type RegisteredClient, startAuthorizationServer } from "../servers/authorization_server.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { assertHides } from "./showing.ts";
import { testKey } from "./signing_keys.ts";

const secret = "the-right-secret-4711-which-is-long-enough";
const wrongSecret = "the-wrong-secret-4712-which-is-long-enough";
const ago = (milliseconds: number) => ({ wall: () => Date.now() - milliseconds });

const [right, wrong, rsa] = [await testKey("ES256"), await testKey("ES256", "wrong"), await testKey("RS256")];
const clients: readonly RegisteredClient[] = [
  {
    client_id: "by-key",
    token_endpoint_auth_method: "private_key_jwt",
    token_endpoint_auth_signing_alg: "ES256",
    jwks: { keys: [right.publicJwk, rsa.publicJwk] },
  },
  {
    client_id: "by-secret",
    client_secret: secret,
    token_endpoint_auth_method: "client_secret_jwt",
    token_endpoint_auth_signing_alg: "HS256",
  },
];

interface Variant {
  readonly what: string;
  readonly clientId: string;
  readonly clientAuth: ClientAuth;
  readonly secrets: readonly string[];
}

const byKey = { clientId: "by-key", secrets: [...right.secrets, ...wrong.secrets, ...rsa.secrets] };
const bySecret = { clientId: "by-secret", secrets: [secret, wrongSecret] };
const variants: readonly Variant[] = [
  { what: "another key", ...byKey, clientAuth: privateKeyJwt(wrong.pem) },
  { what: "another key under the right kid", ...byKey, clientAuth: privateKeyJwt(wrong.privateJwk) },
  { what: "an unknown kid", ...byKey, clientAuth: privateKeyJwt(right.cryptoKey, { kid: "unknown" }) },
  { what: "another alg", ...byKey, clientAuth: privateKeyJwt(rsa.pem, { alg: "RS256" }) },
  { what: "another audience", ...byKey, clientAuth: privateKeyJwt(right.pem, { audience: "https://other.test" }) },
  { what: "an assertion that has expired", ...byKey, clientAuth: privateKeyJwt(right.pem, { clock: ago(120_000) }) },
  { what: "an assertion of tomorrow", ...byKey, clientAuth: privateKeyJwt(right.pem, { clock: ago(-86_400_000) }) },
  { what: "another client", ...byKey, clientId: "by-secret", clientAuth: privateKeyJwt(right.pem) },
  { what: "an unknown client", ...byKey, clientId: "nobody", clientAuth: privateKeyJwt(right.pem) },
  { what: "another secret", ...bySecret, clientAuth: clientSecretJwt(wrongSecret) },
  { what: "another alg of a secret", ...bySecret, clientAuth: clientSecretJwt(secret, { alg: "HS384" }) },
  { what: "another audience of a secret", ...bySecret, clientAuth: clientSecretJwt(secret, { audience: "urn:x" }) },
  {
    what: "an expired assertion by a secret",
    ...bySecret,
    clientAuth: clientSecretJwt(secret, { clock: ago(120_000) }),
  },
];

Deno.test("a certified server refuses every wrong variant, and the error says so and shows nothing", async (t) => {
  await using server = await startAuthorizationServer({ clients });
  const { issuer, tokenEndpoint } = server;
  for (const { what, clientId, clientAuth, secrets } of variants) {
    await t.step(what, async () => {
      const error = await assertRejects(
        () => getToken(tokenEndpoint, { issuer, clientId, clientAuth }),
        AuthenticationError,
      );
      const assertion = String(server.tokenRequests.at(-1)!.parameters.client_assertion);
      assertEquals(
        [error.code, error.status, error.error, error.retryable],
        ["token_request_rejected", 401, "invalid_client", false],
      );
      assert(assertion.split(".").length === 3);
      assertHides(error, [...secrets, assertion, assertion.split(".")[2]!]);
      assertHides(clientAuth, secrets);
    });
  }
});

Deno.test("a certified server takes the same assertion once: a provider that repeats itself is refused", async () => {
  await using server = await startAuthorizationServer({ clients });
  const { issuer, tokenEndpoint } = server;
  let assertion = "";
  const stub = tokenEndpointStub((_count, { form }) => {
    assertion = form.get("client_assertion")!;
    return Response.json({ access_token: "token" });
  });
  const clientAuth = privateKeyJwt(right.pem, { audience: issuer });
  await getToken(stub.url, { clientId: "by-key", clientAuth, fetch: stub.fetch });

  const repeated = { issuer, clientId: "by-key", clientAuth: clientAssertion(() => assertion) };
  assertEquals((await getToken(tokenEndpoint, repeated)).tokenType, "Bearer");
  const error = await assertRejects(() => getToken(tokenEndpoint, repeated), AuthenticationError);

  assertEquals([error.code, error.error], ["token_request_rejected", "invalid_client"]);
  assertHides(error, [assertion]);
});

Deno.test("whatever a server repeats of an assertion, the whole or its signature, is taken out", async () => {
  for (const part of [(assertion: string) => assertion, (assertion: string) => assertion.split(".")[2]!]) {
    let sent = "";
    const stub = tokenEndpointStub((_count, { form }) => {
      sent = part(form.get("client_assertion")!);
      const error_description = `bad signature: ${sent}!`;
      return Response.json({ error: "invalid_client", error_description }, { status: 401 });
    });
    const asked = { clientId: "id", clientAuth: privateKeyJwt(right.pem), fetch: stub.fetch };

    const error = await assertRejects(() => getToken(stub.url, asked), AuthenticationError);

    assertEquals(error.error_description, "bad signature: [redacted]!");
    assertHides(error, [sent]);
  }
});

Deno.test("a connection that breaks shows no assertion, whatever the runtime says of the request", async () => {
  let body = "";
  const fetch = (_url: unknown, init: RequestInit = {}) => {
    body = String(init.body);
    return Promise.reject(new TypeError(`cannot send ${body}`));
  };
  const asked = { clientId: "id", clientAuth: privateKeyJwt(right.pem), fetch };

  const error = await assertRejects(() => getToken("https://auth.test/token", asked), AuthenticationError);

  assertEquals(error.code, "network_error");
  assertHides(error, [new URLSearchParams(body).get("client_assertion")!]);
});
