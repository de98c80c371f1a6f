/** One exchange with a token endpoint that does whatever it can. */

import { assert, assertEquals } from "@std/assert";
import { AuthenticationError, clientSecretPost, Credentials, getToken, type GetTokenOptions } from "../../mod.ts";
import { type Behaviour, closedPort, startFaultServer } from "../servers/fault_server.ts";
import { assertNothingShows, planted, recordConsole } from "./planted.ts";
import { descriptions, type End, late, network, tokenCases } from "./token_cases.ts";
import { until } from "./until.ts";

for (const { name, behaviour, end, timeout = 2_000, hangsUp = false } of tokenCases) {
  Deno.test(`getToken: ends as it should with a token endpoint that ${name.slice(0, 100)}`, async () => {
    await using server = await startFaultServer();
    await using elsewhere = await startFaultServer();
    const places = { here: server.origin, elsewhere: elsewhere.origin };
    server.always(typeof behaviour === "function" ? behaviour(places) : behaviour);

    await assertEnd(server.origin, end, { timeout });

    assertEquals([server.connections, elsewhere.connections], [1, 0], "requests here and elsewhere");
    if (hangsUp) await until(() => server.hangUps === 1);
  });
}

for (const { name, behaviour, end } of descriptions.filter(({ name }) => !name.includes("Basic"))) {
  Deno.test(`getToken: shows no secret sent by post to a token endpoint that ${name}`, async () => {
    await using server = await startFaultServer(behaviour as Behaviour);
    await assertEnd(server.origin, end, { clientSecret: undefined, clientAuth: clientSecretPost(planted.secret) });
    assertEquals(server.requests[0]?.headers.has("authorization"), false);
  });
}

Deno.test(`the table of token endpoints holds ${tokenCases.length} different cases`, () => {
  assertEquals(new Set(tokenCases.map(({ name }) => name)).size, tokenCases.length);
  assert(tokenCases.length >= 292);
});

const never = () => new Promise<never>(() => {});
const deaf = (options: Partial<GetTokenOptions>) =>
  ["https://auth.example.com", late, { timeout: 50, ...options }] as const;
const endless = () => Promise.resolve(new Response(new ReadableStream({ pull: never })));
const unanswered: Record<string, readonly [origin: string, end: End, options?: Partial<GetTokenOptions>]> = {
  "a token endpoint without a listener": [`http://127.0.0.1:${await closedPort()}`, network],
  // A label of more than 63 letters is refused by the resolver itself.
  "a token endpoint without an address": [`https://${"a".repeat(64)}.invalid`, network],
  "plain http elsewhere": ["http://auth.example.com", { code: "insecure_endpoint", retryable: false }],
  "a fetch that doesn't listen": deaf({ fetch: never }),
  "a secret that never comes": [
    "https://auth.example.com",
    { code: "client_auth_unavailable", retryable: false },
    { timeout: 50, clientSecret: never },
  ],
  "a body that never comes": deaf({ fetch: endless }),
};
for (const [name, [origin, end, options]] of Object.entries(unanswered)) {
  Deno.test(`getToken: ends as it should with ${name}`, () => assertEnd(origin, end, options));
}

Deno.test("getToken: ends as it should with a token endpoint that has no TLS", async () => {
  await using server = await startFaultServer({ unread: true, steps: [{ send: "HTTP/1.1 400 Bad\r\n\r\n" }] });
  await assertEnd(server.origin.replace("http:", "https:"), { code: "tls_failed", retryable: false });
  assertEquals([server.connections, server.requests.length], [1, 0]);
});

Deno.test({
  name: "getToken: ends as it should without the permission to reach the token endpoint",
  permissions: { net: false },
  fn: () => assertEnd("https://auth.example.com", { code: "permission_denied", retryable: false }),
});

/** Asks once, with everything planted that must not show, and looks for it in what comes. */
async function ask(origin: string, options: Partial<GetTokenOptions> = {}): Promise<unknown> {
  const given = { clientId: planted.clientId, clientSecret: planted.secret, ...options };
  const { result, printed } = await recordConsole(() =>
    getToken(`${origin}/token?key=${planted.query}`, given).catch((error: unknown) => error)
  );
  assertNothingShows(result, printed);
  return result;
}

async function assertEnd(origin: string, end: End, options: Partial<GetTokenOptions> = {}): Promise<void> {
  const started = Date.now();
  const outcome = await ask(origin, options);
  if ("accessToken" in end) {
    assert(outcome instanceof Credentials, String(outcome));
    const { accessToken, scope, tokenType, expiresAt } = outcome;
    assertEquals([accessToken, scope, tokenType], [end.accessToken, end.scope, "Bearer"]);
    if (end.lifetime === undefined) return assertEquals(expiresAt, undefined);
    // A JWT's times are of the table's making, in whole seconds: a little earlier.
    return assertWithin(expiresAt, started + end.lifetime - 30_000, Date.now() + end.lifetime);
  }
  assert(outcome instanceof AuthenticationError, String(outcome));
  const { code, status, error, retryable, error_description, retryAfter } = outcome;
  const { retryAfter: [least, most] = [undefined, undefined], ...expected } = end;
  const usual = { status: undefined, error: undefined, error_description: undefined };
  assertEquals({ code, status, error, retryable, error_description }, { ...usual, ...expected });
  if (least === undefined) assertEquals(retryAfter, undefined);
  else assertWithin(retryAfter, least, most);
}

function assertWithin(value = NaN, least: number, most: number): void {
  assert(value >= least && value <= most, `${value} isn't from ${least} to ${most}`);
}
