import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  ClientCredentialsAuthenticator,
  getToken,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { assertHides } from "./showing.ts";

const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtZSJ9.cGxhbnRlZC1zaWduYXR1cmU";

Deno.test("an assertion is sent with its type and the client's id, and nothing else", async () => {
  const stub = tokenEndpointStub();
  await getToken(stub.url, { clientId: "id", clientAuth: clientAssertion(() => jwt), fetch: stub.fetch });

  assertEquals(Object.fromEntries(stub.requests[0]!.form), {
    grant_type: "client_credentials",
    client_id: "id",
    client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    client_assertion: jwt,
  });
  assertEquals(stub.requests[0]!.headers.has("authorization"), false);
});

Deno.test("the provider is asked for every request, and white space around its answer is taken off", async () => {
  const stub = tokenEndpointStub();
  let count = 0;
  const clientAuth = clientAssertion(() => Promise.resolve(`\uFEFF${jwt}${++count}\r\n`));
  for (let i = 0; i < 2; i++) await getToken(stub.url, { clientId: "id", clientAuth, fetch: stub.fetch });

  assertEquals(stub.requests.map(({ form }) => form.get("client_assertion")), [`${jwt}1`, `${jwt}2`]);
});

Deno.test("another type of assertion is sent as such, and needn't be a JWT", async () => {
  const stub = tokenEndpointStub();
  const assertionType = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
  const clientAuth = clientAssertion(() => "PHNhbWw+", { assertionType });
  await getToken(stub.url, { clientId: "id", clientAuth, fetch: stub.fetch });

  assertEquals(stub.requests[0]!.form.get("client_assertion_type"), assertionType);
});

Deno.test("what is no assertion isn't sent, and shows in no error", async () => {
  const stub = tokenEndpointStub();
  const answers = ["", " \n", undefined, null, 7, {}, "<html>planted</html>", '{"token":"planted"}', "planted", "a.b"];
  for (const answer of answers) {
    const clientAuth = clientAssertion(() => answer as string);
    const error = await assertRejects(
      () => getToken(stub.url, { clientId: "id", clientAuth, fetch: stub.fetch }),
      AuthenticationError,
      "the function given must return a JWT",
    );
    assertEquals([error.code, error.cause], ["client_auth_unavailable", undefined]);
    assertHides(error, ["planted"]);
  }
  assertEquals(stub.requests.length, 0);
});

Deno.test("what a provider of assertions or secrets throws is the cause", async () => {
  const gone = new Error("the socket is gone");
  const failing = () => Promise.reject(gone);
  for (const clientAuth of [clientAssertion(failing), clientSecretJwt(failing)]) {
    const error = await assertRejects(
      () => getToken("https://auth.test/token", { clientId: "id", clientAuth }),
      AuthenticationError,
    );
    assertEquals([error.code, error.cause], ["client_auth_unavailable", gone]);
  }
});

const now = Math.floor(Date.now() / 1_000);

/** A JWT as some platform signs it, anew each time. */
function signed(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): string {
  const all = { iss: "platform", sub: "me", aud: "server", jti: crypto.randomUUID(), exp: now + 600, ...claims };
  const parts = [{ alg: "ES256", kid: "1", ...header }, all, crypto.randomUUID()];
  return parts.map((part) => btoa(JSON.stringify(part)).replace(/=+$/, "")).join(".");
}

/** A server that takes the assertions that are right, and a client that asks it some times. */
async function ask(
  times: number,
  provider: () => string,
  { isRight = (_: string): boolean => false, assertionType = "" } = {},
) {
  const stub = tokenEndpointStub((count, { form }) =>
    isRight(form.get("client_assertion")!)
      ? Response.json({ access_token: `token-${count}` })
      : Response.json({ error: "invalid_client" }, { status: 401 })
  );
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: "https://api.test",
    clientId: "id",
    clientAuth: clientAssertion(provider, assertionType ? { assertionType } : {}),
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
    fetch: stub.fetch,
    clock: { wall: () => 0, monotonic: () => 0 },
  });
  let failures = 0;
  for (let i = 0; i < times; i++) await authenticator.getCredentials().catch(() => failures++);
  return { sent: stub.requests.length, failures };
}

Deno.test("an assertion that has expired is replaced at once, once the platform has another", async () => {
  const [old, young] = [signed({ exp: now - 10 }), signed()];
  const isRight = (assertion: string) => assertion === young;
  const meanwhile = [old];
  assertEquals(await ask(1, () => meanwhile.shift() ?? young, { isRight }), { sent: 2, failures: 0 });
  const later = [old, old];
  assertEquals(await ask(2, () => later.shift() ?? young, { isRight }), { sent: 2, failures: 1 });
});

Deno.test("another key, or another subject, is another proof: it is sent at once", async () => {
  for (const right of [signed({}, { kid: "2" }), signed({ sub: "you" }), signed({ aud: ["else"] })]) {
    const given = [signed()];
    const isRight = (assertion: string) => assertion === right;
    assertEquals(await ask(1, () => given.shift() ?? right, { isRight }), { sent: 2, failures: 0 });
  }
  let count = 0;
  assertEquals(await ask(1, () => signed({ sub: `s${++count}` })), { sent: 2, failures: 1 }, "once, and not for ever");
});

Deno.test("a platform that signs anew each time, in vain, sends one request during the cool-down", async () => {
  for (const exp of [now + 600, now - 600, undefined]) {
    assertEquals(await ask(5, () => signed({ exp })), { sent: 1, failures: 5 });
  }
});

Deno.test("of an assertion that nobody can look into nothing is known: it waits for the cool-down", async () => {
  const encrypted = () => `e30.${crypto.randomUUID()}.a.b.c`;
  assertEquals(await ask(5, encrypted), { sent: 1, failures: 5 });
  const assertionType = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";
  assertEquals(await ask(5, () => crypto.randomUUID(), { assertionType }), { sent: 1, failures: 5 });
});

Deno.test("wrong arguments are refused at once", () => {
  assertThrows(() => clientAssertion(jwt as never), TypeError, "must be given by a function");
  assertThrows(() => clientAssertion(() => jwt, { assertionType: "" }), TypeError, "assertionType must be");
  assertThrows(() => clientAssertion(() => jwt, { method: "" }), TypeError, "method must be");
  assertThrows(() => clientSecretJwt(""), TypeError, "must be a string that is not empty");
  assertThrows(() => clientSecretJwt("s", { alg: "RS256" as "HS256" }), TypeError, "HS256, HS384, HS512");
});

Deno.test("to servers it is a private_key_jwt, or what else they call it", () => {
  const method = "spiffe_jwt";
  assertEquals([clientAssertion(() => jwt).method, clientAssertion(() => jwt, { method }).method], [
    "private_key_jwt",
    method,
  ]);
});
