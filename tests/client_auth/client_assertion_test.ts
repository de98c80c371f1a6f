import { assertEquals, assertThrows } from "@std/assert";
import { getToken } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { authenticatorAt } from "../authenticator_at.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtZSJ9.cGxhbnRlZC1zaWduYXR1cmU";
const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const saml = "urn:ietf:params:oauth:client-assertion-type:saml2-bearer";

Deno.test("clientAssertion: sends a fresh, trimmed assertion with its type and the client's id", async () => {
  const { url, fetch, requests } = tokenEndpointStub();
  let count = 0;
  const fresh = clientAssertion(() => Promise.resolve(`\uFEFF${jwt}${++count}\r\n`));
  for (const clientAuth of [fresh, fresh, clientAssertion(() => "PHNhbWw+", { assertionType: saml })]) {
    await getToken(url, { clientId: "id", clientAuth, fetch });
  }

  const sent = requests.map(({ form, headers }) => [...form.values(), headers.get("authorization")]);
  const common = ["client_credentials", "id"];
  assertEquals([...requests[0]!.form.keys()], ["grant_type", "client_id", "client_assertion_type", "client_assertion"]);
  assertEquals(sent, [
    [...common, jwtBearer, `${jwt}1`, null],
    [...common, jwtBearer, `${jwt}2`, null],
    [...common, saml, "PHNhbWw+", null],
  ]);
});

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
const replaced: Readonly<Record<string, [refused: string[], accepted: string]>> = {
  "one that expired at once": [[expired], sign()],
  "one that expired as soon as there is another": [[expired, expired], sign()],
  "one by another key": [[sign()], sign({}, { kid: "2" })],
  "one of another subject": [[sign()], sign({ sub: "you" })],
  "one for another audience": [[sign()], sign({ aud: ["else"] })],
};
for (const [what, [refused, accepted]] of Object.entries(replaced)) {
  Deno.test(`clientAssertion: replaces ${what} after a refusal`, async () => {
    const given = [...refused];
    assertEquals(await ask(refused.length, () => given.shift() ?? accepted, { accepted }), [2, refused.length - 1]);
  });
}

const same: readonly [what: string, make: () => string, assertionType?: string][] = [
  ["the same proof, signed again,", () => sign()],
  ["the same proof, expired again,", () => sign({ exp: now - 600 })],
  ["the same proof without exp", () => sign({ exp: undefined })],
  ["an encrypted assertion", () => `e30.${crypto.randomUUID()}.a.b.c`],
  ["an assertion of another type", () => crypto.randomUUID(), saml],
];
Deno.test("clientAssertion: what may be the same waits for the cooldown; another proof is sent once only", async () => {
  for (const [what, make, assertionType] of same) {
    assertEquals([what, ...await ask(5, make, { assertionType })], [what, 1, 5]);
  }
  let count = 0;
  assertEquals(await ask(1, () => sign({ sub: `s${++count}` })), [2, 1]);
});

Deno.test("clientAssertion: refuses invalid arguments; its method is private_key_jwt, or the option", () => {
  assertThrows(() => clientAssertion(jwt as never), TypeError, "by a function");
  assertThrows(() => clientAssertion(() => jwt, { assertionType: "" }), TypeError, "assertionType must be");
  assertThrows(() => clientAssertion(() => jwt, { method: "" }), TypeError, "method must be");
  const [usual, other] = [clientAssertion(() => jwt), clientAssertion(() => jwt, { method: "spiffe_jwt" })];
  assertEquals([usual.method, other.method], ["private_key_jwt", "spiffe_jwt"]);
});
