/** What onEvent is told, by the authenticator as a whole. */

import { assertEquals, assertRejects } from "@std/assert";
import type { AuthenticatorEvent } from "@m2m/authenticator";
import { authenticatorAt, besideApi } from "./authenticator_at.ts";
import { tokenEndpointStub } from "./servers/token_endpoint_stub.ts";

const pause = () => new Promise((resolve) => setTimeout(resolve, 1));

Deno.test("onEvent: tells why a token is requested, whether in the background, of its reuse, rejection and replay", async () => {
  const events: AuthenticatorEvent[] = [];
  const stub = tokenEndpointStub();
  let now = 1_000_000;
  let accepted = /./;
  const authenticator = authenticatorAt(stub, {
    fetch: besideApi(stub, (headers) => {
      return new Response(null, { status: accepted.test(headers.get("authorization")!) ? 200 : 401 });
    }),
    onEvent: (event) => events.push(event),
    clock: { wall: () => now, monotonic: () => now },
  });
  for (let call = 0; call < 2; call++) await authenticator.fetch("/");
  now += 3_400_000;
  await authenticator.getCredentials();
  await pause();
  now += 7_200_000;
  await authenticator.getCredentials();
  accepted = /4/;
  await authenticator.fetch("/v1?key=planted", { headers: { "x-key": "planted" }, method: "POST", body: "planted" });
  await authenticator.refreshCredentials();

  // Each event is compared as a whole: none has a secret.
  const remainingLifetime = 3_600_000;
  const issue = (reason: string, background = false) => [
    { type: "token_requested", reason, attempt: 1, background },
    { type: "token_issued", reason, attempt: 1, background, duration: 0, remainingLifetime },
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
  const refused = { error: "invalid_scope", error_description: "planted" };
  const failed: Extract<AuthenticatorEvent, { type: "token_request_failed" }>[] = [];
  const authenticator = authenticatorAt(
    tokenEndpointStub((count) => {
      return count === 1 ? new Response("planted", { status: 503 }) : Response.json(refused, { status: 400 });
    }),
    { retry: { maxDelay: 1 }, onEvent: (event) => event.type === "token_request_failed" && failed.push(event) },
  );
  await assertRejects(() => authenticator.getCredentials());
  const common = { type: "token_request_failed", reason: "first", background: false, duration: 0 };
  const told = failed.map((event) => ({ ...event, duration: 0, retryDelay: Math.ceil(event.retryDelay ?? Infinity) }));
  assertEquals<unknown>(told, [
    { ...common, attempt: 1, code: "token_endpoint_error", status: 503, retryDelay: 1 },
    { ...common, attempt: 2, code: "token_request_rejected", status: 400, retryDelay: Infinity },
  ]);
});

Deno.test("onEvent: changes nothing when it rejects", async () => {
  const authenticator = authenticatorAt(tokenEndpointStub(), { onEvent: () => Promise.reject(new Error("observer")) });
  for (let call = 0; call < 2; call++) assertEquals((await authenticator.getCredentials()).accessToken, "token-1");
  await pause();
});
