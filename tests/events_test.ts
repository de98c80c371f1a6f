import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AuthenticationError,
  type AuthenticatorEvent,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { tokenEndpointStub, usualAnswer } from "./servers/token_endpoint_stub.ts";

/** An authenticator whose events are kept; API and token endpoint answer what they are told. */
function arrange(
  answers: { token?: (count: number) => Response; api?: (token: string | null) => Response },
  options: Partial<ClientCredentialsAuthenticatorOptions> = {},
) {
  const events: AuthenticatorEvent[] = [];
  const stub = tokenEndpointStub(answers.token ?? usualAnswer);
  const time = { now: 1_000_000 };
  const authenticator = new ClientCredentialsAuthenticator({
    endpoint: "https://api.test",
    clientId: "planted-id",
    clientSecret: "planted-secret",
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
    fetch: (input, init) =>
      String(input) === stub.url
        ? stub.fetch(input, init)
        : Promise.resolve(answers.api?.(new Headers(init?.headers).get("authorization")) ?? new Response()),
    onEvent: (event) => events.push(event),
    clock: { wall: () => time.now, monotonic: () => time.now },
    ...options,
  });
  const types = () => events.map((event) => event.type);
  return { authenticator, events, types, time, stub };
}

Deno.test("a first token and its reuse", async () => {
  const { authenticator, events } = arrange({});
  await authenticator.fetch("/");
  await authenticator.fetch("/");
  assertEquals(events, [
    { type: "token_requested", reason: "first", attempt: 1, background: false },
    { type: "token_issued", reason: "first", attempt: 1, background: false, duration: 0, remainingLifetime: 3_600_000 },
    { type: "token_reused", remainingLifetime: 3_600_000 },
  ]);
});

Deno.test("a renewal behind says so, and one at the end of a token's life, too", async () => {
  const { authenticator, events, time } = arrange({});
  await authenticator.getCredentials();
  time.now += 3_400_000;
  await authenticator.getCredentials();
  await new Promise((resolve) => setTimeout(resolve, 1));
  time.now += 7_200_000;
  await authenticator.getCredentials();
  await authenticator.refreshCredentials();
  const told = events.map((event) => "reason" in event ? [event.type, event.reason] : [event.type]);
  assertEquals(told, [
    ["token_requested", "first"],
    ["token_issued", "first"],
    ["token_reused"],
    ["token_requested", "proactive"],
    ["token_issued", "proactive"],
    ["token_requested", "expired"],
    ["token_issued", "expired"],
    ["token_requested", "forced"],
    ["token_issued", "forced"],
  ]);
  assertEquals(events.map((event) => "background" in event && event.background), [
    ...[false, false, false, true, true],
    ...[false, false, false, false],
  ]);
});

Deno.test("a refusal and its replay", async () => {
  const { authenticator, events, types } = arrange({
    api: (token) => new Response(null, { status: token === "Bearer token-2" ? 200 : 401 }),
  });
  await authenticator.fetch("/");
  assertEquals(types(), [
    "token_requested",
    "token_issued",
    "token_rejected",
    "token_requested",
    "token_issued",
    "request_replayed",
  ]);
  assertEquals(events.slice(2, 4), [
    { type: "token_rejected", remainingLifetime: 3_600_000, willRefresh: true },
    { type: "token_requested", reason: "rejected", attempt: 1, background: false },
  ]);
  assertEquals(events.at(-1), { type: "request_replayed", status: 200 });
});

Deno.test("failures tell why, and when there is another try", async () => {
  const { authenticator, events } = arrange({
    token: (count) =>
      count === 1
        ? new Response(null, { status: 503 })
        : Response.json({ error: "invalid_scope", error_description: "planted" }, { status: 400 }),
  }, { retry: { maxDelay: 1 }, clock: undefined });
  await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  const failures = events.filter((event) => event.type === "token_request_failed");
  assertEquals(failures.map(({ attempt, code, status }) => [attempt, code, status]), [
    [1, "token_endpoint_error", 503],
    [2, "token_request_rejected", 400],
  ]);
  assert(failures[0]?.retryDelay !== undefined && failures[0].retryDelay <= 1);
  assertEquals(failures[1]?.retryDelay, undefined);
});

Deno.test("no event holds anything secret", async () => {
  const { authenticator, events } = arrange({
    token: (count) =>
      count === 1
        ? Response.json({ access_token: "planted-token", refresh_token: "planted-refresh" })
        : Response.json({ error: "invalid_client", error_description: "planted" }, { status: 401 }),
    api: () => new Response("planted", { status: 401 }),
  });
  await authenticator.fetch("/v1?key=planted", {
    headers: { "x-key": "planted" },
    method: "POST",
    body: "planted",
  });
  await assertRejects(() => authenticator.refreshCredentials());
  assert(events.length >= 6);
  assertEquals(
    Deno.inspect(events, { depth: 10, showHidden: true, getters: true }).includes("planted"),
    false,
  );
});

Deno.test("an observer that throws, or rejects, changes nothing", async () => {
  const observers = [
    () => {
      throw new Error("observer");
    },
    () => Promise.reject(new Error("observer")),
  ];
  for (const onEvent of observers) {
    const { authenticator } = arrange({}, { onEvent });
    assertEquals((await authenticator.fetch("/")).status, 200);
    assertEquals((await authenticator.fetch("/")).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
});
