import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError, getToken } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { authenticatorAt } from "../authenticator_at.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { assertHides } from "./showing.ts";

const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtZSJ9.cGxhbnRlZC1zaWduYXR1cmU";
const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";

Deno.test("clientAssertion: sends a fresh, trimmed assertion with its type and the client's id", async () => {
  const { url, fetch, requests } = tokenEndpointStub();
  let count = 0;
  const clientAuths = [
    clientAssertion(() => Promise.resolve(`\uFEFF${jwt}${++count}\r\n`)),
    clientAssertion(() => "PHNhbWw+", { assertionType: saml }),
  ];
  for (const clientAuth of [clientAuths[0]!, ...clientAuths]) {
    await getToken(url, { clientId: "id", clientAuth, fetch });
  }

  assertEquals(
    requests.map(({ form }) => Object.fromEntries(form)),
    [[jwtBearer, `${jwt}1`], [jwtBearer, `${jwt}2`], [saml, "PHNhbWw+"]].map(([type, assertion]) => ({
      grant_type: "client_credentials",
      client_id: "id",
      client_assertion_type: type!,
      client_assertion: assertion!,
    })),
  );
  assertEquals(requests.some(({ headers }) => headers.has("authorization")), false);
});

const invalid = ["", " \n", undefined, null, 7, {}, "<html>planted</html>", '{"token":"planted"}', "planted", "a.b"];
for (const assertion of invalid) {
  Deno.test(`clientAssertion: refuses to send ${JSON.stringify(assertion)}`, async () => {
    const { url, fetch, requests } = tokenEndpointStub();
    const clientAuth = clientAssertion(() => assertion as string);
    const error = await assertRejects(
      () => getToken(url, { clientId: "id", clientAuth, fetch }),
      AuthenticationError,
      "must return a JWT",
    );
    assertEquals([error.code, error.cause, requests.length], ["client_auth_unavailable", undefined, 0]);
    assertHides(error, ["planted"]);
  });
}

const now = Math.floor(Date.now() / 1_000);

/** Signs a JWT as a platform does: a new one each time. */
function sign(claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}): string {
  const all = { iss: "platform", sub: "me", aud: "server", jti: crypto.randomUUID(), exp: now + 600, ...claims };
  const parts = [{ alg: "ES256", kid: "1", ...header }, all, crypto.randomUUID()];
  return parts.map((part) => btoa(JSON.stringify(part)).replace(/=+$/, "")).join(".");
}

/** Makes calls of a server that accepts `accepted`, and returns the number of requests and of failures. */
async function ask(times: number, provider: () => string, { accepted = "", assertionType = jwtBearer } = {}) {
  const stub = tokenEndpointStub((count, { form }) =>
    form.get("client_assertion") === accepted
      ? Response.json({ access_token: `token-${count}` })
      : Response.json({ error: "invalid_client" }, { status: 401 })
  );
  const clientAuth = clientAssertion(provider, { assertionType });
  const clock = { wall: () => 0, monotonic: () => 0 };
  const authenticator = authenticatorAt(stub, { clientSecret: undefined, clientAuth, clock });
  let failures = 0;
  for (let i = 0; i < times; i++) await authenticator.getCredentials().catch(() => failures++);
  return [stub.requests.length, failures];
}

const expired = sign({ exp: now - 10 });
const replaced: readonly (readonly [what: string, refused: string[], accepted: string])[] = [
  ["one that expired at once", [expired], sign()],
  ["one that expired as soon as there is another", [expired, expired], sign()],
  ["one by another key", [sign()], sign({}, { kid: "2" })],
  ["one of another subject", [sign()], sign({ sub: "you" })],
  ["one for another audience", [sign()], sign({ aud: ["else"] })],
];
for (const [what, refused, accepted] of replaced) {
  Deno.test(`clientAssertion: replaces ${what} after a refusal`, async () => {
    const given = [...refused];
    const outcome = await ask(refused.length, () => given.shift() ?? accepted, { accepted });
    assertEquals(outcome, [2, refused.length - 1]);
  });
}

Deno.test("clientAssertion: sends another proof once only after a refusal", async () => {
  let count = 0;
  assertEquals(await ask(1, () => sign({ sub: `s${++count}` })), [2, 1]);
});

const same: readonly (readonly [what: string, make: () => string, assertionType?: string])[] = [
  ["the same proof, signed again,", () => sign()],
  ["the same proof, expired again,", () => sign({ exp: now - 600 })],
  ["the same proof without exp", () => sign({ exp: undefined })],
  ["an encrypted assertion", () => `e30.${crypto.randomUUID()}.a.b.c`],
  ["an assertion of another type", () => crypto.randomUUID(), saml],
];
for (const [what, make, assertionType] of same) {
  Deno.test(`clientAssertion: ${what} waits for the cooldown after a refusal`, async () => {
    assertEquals(await ask(5, make, assertionType ? { assertionType } : {}), [1, 5]);
  });
}

Deno.test("clientAssertion, clientSecretJwt: refuse invalid arguments", () => {
  assertThrows(() => clientAssertion(jwt as never), TypeError, "by a function");
  assertThrows(() => clientAssertion(() => jwt, { assertionType: "" }), TypeError, "assertionType must be");
  assertThrows(() => clientAssertion(() => jwt, { method: "" }), TypeError, "method must be");
  assertThrows(() => clientSecretJwt("s", { alg: "RS256" as "HS256" }), TypeError, "HS256, HS384, HS512");
});

Deno.test("clientAssertion: its method is private_key_jwt, or the option", () => {
  assertEquals(clientAssertion(() => jwt).method, "private_key_jwt");
  assertEquals(clientAssertion(() => jwt, { method: "spiffe_jwt" }).method, "spiffe_jwt");
});
