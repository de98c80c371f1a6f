/** What onEvent is told, by the authenticator as a whole. */

import { assertEquals, assertRejects } from "@std/assert";
import {
  type AuthenticatorDescription,
  type AuthenticatorEvent,
  type AuthenticatorEventListener,
  ClientCredentialsAuthenticator,
} from "@m2m/authenticator";
import { rotatingSecrets } from "@m2m/authenticator/client-auth/rotating-secrets";
import { behaviours, testServers } from "@m2m/authenticator/testing";

const pause = () => new Promise((resolve) => setTimeout(resolve, 1));

Deno.test("onEvent: tells why a token is requested, whether in the background, of its reuse, rejection and replay", async () => {
  const events: AuthenticatorEvent[] = [];
  const kit = testServers();
  let now = 1_000_000;
  const authenticator = new ClientCredentialsAuthenticator({
    ...kit.options,
    onEvent: (event) => events.push(event),
    clock: { wall: () => now, monotonic: () => now },
  });
  for (let call = 0; call < 2; call++) await authenticator.fetch("/");
  now += 3_400_000;
  await authenticator.getCredentials();
  await pause();
  now += 7_200_000;
  await authenticator.getCredentials();
  kit.api.next(behaviours.rejectToken());
  await authenticator.fetch("/v1?key=planted", { headers: { "x-key": "planted" }, method: "POST", body: "planted" });
  await authenticator.refreshCredentials();

  // Each event is compared as a whole: none has a secret.
  const remainingLifetime = 3_600_000;
  const issue = (reason: string, background = false) => [
    { type: "token_requested", reason, attempt: 1, background },
    { type: "token_issued", reason, attempt: 1, background, duration: 0, remainingLifetime },
    ...background ? [] : [{ type: "token_awaited", reason, duration: 0, outcome: "token" }],
  ];
  assertEquals<unknown>(events, [
    ...issue("first"),
    { type: "token_reused", remainingLifetime },
    { type: "token_reused", remainingLifetime: 200_000 },
    ...issue("proactive", true),
    ...issue("expired"),
    { type: "token_reused", remainingLifetime },
    { type: "token_rejected", remainingLifetime, willRefresh: true },
    ...issue("rejected"),
    { type: "request_replayed", status: 200 },
    ...issue("forced"),
  ]);
});

Deno.test("onEvent: tells why a token request failed, and when the next attempt is", async () => {
  const failed: Extract<AuthenticatorEvent, { type: "token_request_failed" }>[] = [];
  const { authorizationServer, options } = testServers();
  authorizationServer.next(() => new Response("planted", { status: 503 }));
  authorizationServer.next(behaviours.error("invalid_scope", { description: "planted" }));
  const authenticator = new ClientCredentialsAuthenticator({
    ...options,
    retry: { maxDelay: 1 },
    onEvent: (event) => event.type === "token_request_failed" && failed.push(event),
  });
  await assertRejects(() => authenticator.getCredentials());
  const common = { type: "token_request_failed", reason: "first", background: false, duration: 0 };
  const told = failed.map((event) => ({ ...event, duration: 0, retryDelay: Math.ceil(event.retryDelay ?? Infinity) }));
  assertEquals<unknown>(told, [
    { ...common, attempt: 1, code: "token_endpoint_error", status: 503, retryDelay: 1 },
    { ...common, attempt: 2, code: "token_request_rejected", status: 400, retryDelay: Infinity },
  ]);
});

Deno.test("onEvent: counts a token request for each that is sent, and none where none is", async () => {
  const types: string[] = [];
  const onEvent = ({ type }: AuthenticatorEvent) => void types.push(type);
  const kit = testServers();
  const create = (own = {}) => new ClientCredentialsAuthenticator({ ...kit.options, onEvent, ...own });
  kit.authorizationServer.next(behaviours.error("invalid_client", { status: 401 }));
  const authenticator = create();
  for (let call = 0; call < 2; call++) await assertRejects(() => authenticator.getCredentials());
  const failed = ["token_request_failed", "token_awaited"];
  // The second time its refusal is remembered.
  kit.assertTokenRequests(1);
  assertEquals(types.splice(0), ["token_requested", ...failed, ...failed]);
  const configStore = { getClientConfig: () => Promise.reject(new Error("no settings")) };
  await assertRejects(() => create({ configStore }).getCredentials());
  assertEquals(types.splice(0), failed);
  await create({ clientSecret: rotatingSecrets(["planted-next", kit.options.clientSecret!]) }).getCredentials();
  assertEquals(types, ["token_requested", "token_requested", "token_issued", "token_awaited"]);
});

Deno.test("onEvent: tells how a caller's wait ended", async () => {
  const outcomes: unknown[] = [];
  const onEvent = (event: AuthenticatorEvent) => {
    if (event.type === "token_awaited") outcomes.push([event.reason, event.outcome, event.duration >= 0]);
  };
  const { authorizationServer, options } = testServers();
  const authenticator = new ClientCredentialsAuthenticator({ ...options, onEvent });
  const stall = behaviours.stall();
  authorizationServer.next(stall);
  const controller = new AbortController();
  const given = assertRejects(() => authenticator.getCredentials({ signal: controller.signal }));
  const other = authenticator.getCredentials();
  controller.abort();
  await given;
  stall.release();
  await other;
  assertEquals(outcomes, [["first", "aborted", true], ["first", "token", true]]);
});

Deno.test("onEvent: is told which authenticator it is, the same object each time", async () => {
  const told = new Set<AuthenticatorDescription | undefined>();
  const onEvent: AuthenticatorEventListener = (_, authenticator) => told.add(authenticator);
  const { options } = testServers({ endpoint: "https://api.test/v1/" });
  const authenticator = new ClientCredentialsAuthenticator({ ...options, scopes: ["a"], audience: "planted", onEvent });
  const derived = authenticator.with({ audience: "https://b.test", resource: "https://c.test/" });
  const again = derived.with({ audience: "https://d.test", scopes: [] });
  for (const each of [authenticator, derived, again]) {
    await each.fetch("/x");
    await each.fetch("https://other.test").catch(() => {});
  }
  const known = { endpoint: "https://api.test", clientId: "test-client" };
  const resource = ["https://c.test/"];
  assertEquals<unknown>([...told], [
    { ...known, scopes: ["a"], audience: "planted" },
    { ...known, scopes: ["a"], audience: "https://b.test", resource },
    { ...known, scopes: [], audience: "https://d.test", resource },
  ]);
});

Deno.test("onEvent: changes nothing when it rejects", async () => {
  const onEvent = () => Promise.reject(new Error("observer"));
  const authenticator = new ClientCredentialsAuthenticator({ ...testServers().options, onEvent });
  for (let call = 0; call < 2; call++) assertEquals((await authenticator.getCredentials()).accessToken, "test-token-1");
  await pause();
});
