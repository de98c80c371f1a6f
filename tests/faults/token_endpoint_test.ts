import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { AuthenticationError, clientSecretPost, Credentials, getToken, type GetTokenOptions } from "../../mod.ts";
import { closedPort, startFaultServer } from "../servers/fault_server.ts";
import { assertNothingShows, planted, recordConsole } from "./planted.ts";
import type { End, TokenCase } from "./token_case.ts";
import { answerCases } from "./token_endpoint_cases.ts";
import { transportCases } from "./token_transport_cases.ts";
import { until } from "./until.ts";

const tokenCases: readonly TokenCase[] = [...answerCases, ...transportCases];

/** How long after its own deadline a case may end on a busy machine, in milliseconds. */
const patience = 500;

for (const { name, behaviour, end, timeout = 2_000, hangsUp = false } of tokenCases) {
  Deno.test(`one exchange with a token endpoint that ${name} ends as it should`, async () => {
    await using server = await startFaultServer();
    await using elsewhere = await startFaultServer();
    const places = { here: server.origin, elsewhere: elsewhere.origin };
    server.always(typeof behaviour === "function" ? behaviour(places) : behaviour);

    const started = Date.now();
    const outcome = await ask(server.origin, { timeout });
    const ended = Date.now();

    assertEnd(outcome, end, started, ended);
    const isLate = "code" in end && end.code === "timeout";
    assert(
      ended - started <= (isLate ? timeout + patience : Math.min(timeout, 1_500)),
      `${ended - started} ms`,
    );
    if (isLate) assert(ended - started >= timeout - 5, `${ended - started} ms`);
    assertEquals(server.connections, 1, "requests at the token endpoint");
    assertEquals(elsewhere.connections, 0, "requests at another origin");
    if (hangsUp) await until(() => server.hangUps === 1);
  });
}

Deno.test("one exchange with a token endpoint at which nobody listens ends as it should", async () => {
  const started = Date.now();

  const outcome = await ask(`http://127.0.0.1:${await closedPort()}`);

  assertEnd(outcome, { code: "network_error", retryable: true }, started, Date.now());
});

Deno.test("one exchange with a token endpoint whose name can't be resolved ends as it should", async () => {
  const started = Date.now();

  // A label of more than 63 letters: refused by the resolver, without a question to anybody.
  const outcome = await ask(`https://${"a".repeat(64)}.invalid`);

  assertEnd(outcome, { code: "network_error", retryable: true }, started, Date.now());
});

Deno.test("one exchange with a token endpoint that has no TLS ends as it should", async () => {
  await using server = await startFaultServer({
    unread: true,
    steps: [{ send: "HTTP/1.1 400 Bad\r\n\r\n" }],
  });
  const started = Date.now();

  const outcome = await ask(server.origin.replace("http:", "https:"));

  assertEnd(outcome, { code: "network_error", retryable: true }, started, Date.now());
  assertEquals([server.connections, server.requests.length], [1, 0]);
});

Deno.test("one exchange with a token endpoint on plain http elsewhere sends nothing", async () => {
  const started = Date.now();

  const outcome = await ask("http://auth.example.com");

  assertEnd(outcome, { code: "insecure_endpoint", retryable: false }, started, Date.now());
});

Deno.test({
  name: "one exchange without the permission to reach the token endpoint ends as it should",
  permissions: { net: false },
  async fn() {
    const started = Date.now();

    const outcome = await ask("https://auth.example.com");

    assertEnd(outcome, { code: "permission_denied", retryable: false }, started, Date.now());
  },
});

Deno.test("a secret sent by post shows no more than one sent by Basic, however it is quoted", async () => {
  await using server = await startFaultServer();
  for (const { category, name, behaviour, end } of tokenCases) {
    if (category !== "description" || typeof behaviour === "function" || name.includes("Basic")) continue;
    server.always(behaviour);
    const started = Date.now();

    const outcome = await ask(server.origin, {
      clientSecret: undefined,
      clientAuth: clientSecretPost(planted.secret),
    });

    try {
      assertEnd(outcome, end, started, Date.now());
    } catch (cause) {
      throw new Error(`a token endpoint that ${name}`, { cause });
    }
  }
  assertEquals(server.requests.some(({ headers }) => headers.has("authorization")), false);
});

Deno.test("an exchange ended by its caller ends at once, with the caller's own reason", async () => {
  await using server = await startFaultServer({ steps: ["stall"] });
  const reason = new Error("enough");
  const controller = new AbortController();
  const asked = ask(server.origin, { signal: controller.signal });
  await until(() => server.requests.length === 1);

  controller.abort(reason);

  assertEquals(await asked, reason);
  await until(() => server.hangUps === 1);
  assertEquals(await ask(server.origin, { signal: AbortSignal.abort(reason) }), reason);
  assertEquals(server.connections, 1);
});

Deno.test("the deadline counts for a fetch that does not listen, and for a secret that never comes", async () => {
  for (
    const options of [
      { fetch: () => new Promise<never>(() => {}) },
      { clientSecret: () => new Promise<string>(() => {}) },
      {
        fetch: () => Promise.resolve(new Response(new ReadableStream({ pull: () => new Promise(() => {}) }))),
      },
    ] satisfies Partial<GetTokenOptions>[]
  ) {
    const started = Date.now();

    const outcome = await ask("https://auth.example.com", { timeout: 50, ...options });

    assertEnd(outcome, { code: "timeout", retryable: true }, started, Date.now());
    assert(Date.now() - started < 50 + patience);
  }
});

Deno.test(`the table of token endpoints holds ${tokenCases.length} cases, of every kind`, () => {
  const count: Record<string, number> = {};
  for (const { category } of tokenCases) count[category] = (count[category] ?? 0) + 1;
  for (
    const category of [
      "connection",
      "description",
      "failure without an OAuth code",
      "HTTP",
      "JSON",
      "lifetime",
      "redirect",
      "refusal",
      "Retry-After",
      "scope",
      "size",
      "slow",
      "token",
      "token type",
      "unusable answer",
    ]
  ) {
    assert((count[category] ?? 0) >= 5, `${category}: ${count[category]}`);
  }
  assert(tokenCases.length >= 200);
  assertEquals(new Set(tokenCases.map(({ name }) => name)).size, tokenCases.length);
});

/** Asks once, with everything planted that must not show, and looks for it in what comes. */
async function ask(origin: string, options: Partial<GetTokenOptions> = {}): Promise<unknown> {
  const { result, printed } = await recordConsole(() =>
    getToken(`${origin}/token?key=${planted.query}`, {
      clientId: planted.clientId,
      clientSecret: planted.secret,
      ...options,
    }).catch((error: unknown) => error)
  );
  assertNothingShows(result, printed);
  return result;
}

function assertEnd(outcome: unknown, end: End, started: number, ended: number): void {
  if ("accessToken" in end) {
    assertInstanceOf(outcome, Credentials);
    assertEquals(
      { accessToken: outcome.accessToken, scope: outcome.scope, tokenType: outcome.tokenType },
      { accessToken: end.accessToken, scope: end.scope, tokenType: "Bearer" },
    );
    if (end.lifetime === undefined) return assertEquals(outcome.expiresAt, undefined);
    const { expiresAt = NaN } = outcome;
    // A JWT's times are of the table's making, in whole seconds: a little earlier.
    assert(expiresAt >= started + end.lifetime - 30_000 && expiresAt <= ended + end.lifetime, `${expiresAt}`);
    return;
  }
  assertInstanceOf(outcome, AuthenticationError);
  const { code, status, error, retryable, error_description, retryAfter } = outcome;
  assertEquals({ code, status, error, retryable }, {
    code: end.code,
    status: end.status,
    error: end.error,
    retryable: end.retryable,
  });
  assertEquals(error_description, end.error_description);
  const [least, most] = typeof end.retryAfter === "object" ? end.retryAfter : [end.retryAfter, end.retryAfter];
  if (least === undefined || most === undefined) return assertEquals(retryAfter, undefined);
  assert(retryAfter !== undefined && retryAfter >= least && retryAfter <= most, `${retryAfter}`);
}
