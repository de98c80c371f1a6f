/** What onEvent is told, by the authenticator as a whole. */

import { assertEquals, assertRejects } from "@std/assert";
import type { AuthenticatorEvent, ClientCredentialsAuthenticatorOptions } from "@m2m/authenticator";
import { authenticatorAt, besideApi } from "./authenticator_at.ts";
import { tokenEndpointStub, usualAnswer } from "./servers/token_endpoint_stub.ts";

/** An authenticator whose events are kept, and an API that accepts tokens from the given one on. */
function setUp(options: Partial<ClientCredentialsAuthenticatorOptions> = {}, accepts = 1, token = usualAnswer) {
  const events: AuthenticatorEvent[] = [];
  const stub = tokenEndpointStub(token);
  const time = { now: 1_000_000 };
  const authenticator = authenticatorAt(stub, {
    fetch: besideApi(stub, (headers) => {
      const number = Number(headers.get("authorization")?.replace("Bearer token-", ""));
      return new Response(null, { status: number >= accepts ? 200 : 401 });
    }),
    onEvent: (event) => events.push(event),
    clock: { wall: () => time.now, monotonic: () => time.now },
    ...options,
  });
  return { authenticator, events, time };
}

// Each event is compared as a whole: none has a secret.
const issued = { attempt: 1, background: false, duration: 0, remainingLifetime: 3_600_000 };

Deno.test("onEvent: tells of a first token and its reuse", async () => {
  const { authenticator, events } = setUp();
  await authenticator.fetch("/");
  await authenticator.fetch("/");
  assertEquals(events, [
    { type: "token_requested", reason: "first", attempt: 1, background: false },
    { type: "token_issued", reason: "first", ...issued },
    { type: "token_reused", remainingLifetime: 3_600_000 },
  ]);
});

Deno.test("onEvent: tells why a token is requested, and whether in the background", async () => {
  const { authenticator, events, time } = setUp();
  await authenticator.getCredentials();
  time.now += 3_400_000;
  await authenticator.getCredentials();
  await new Promise((resolve) => setTimeout(resolve, 1));
  time.now += 7_200_000;
  await authenticator.getCredentials();
  await authenticator.refreshCredentials();
  const told = events.filter((event) => "reason" in event)
    .map(({ type, reason, background }) => [type, reason, background]);
  const reasons = [["first", false], ["proactive", true], ["expired", false], ["forced", false]];
  assertEquals(told, reasons.flatMap((reason) => [["token_requested", ...reason], ["token_issued", ...reason]]));
  assertEquals(events.map(({ type }) => type).indexOf("token_reused"), 2);
});

Deno.test("onEvent: tells of a rejection and its replay", async () => {
  const { authenticator, events } = setUp({}, 2);
  await authenticator.fetch("/v1?key=planted", { headers: { "x-key": "planted" }, method: "POST", body: "planted" });
  assertEquals(events.slice(2), [
    { type: "token_rejected", remainingLifetime: 3_600_000, willRefresh: true },
    { type: "token_requested", reason: "rejected", attempt: 1, background: false },
    { type: "token_issued", reason: "rejected", ...issued },
    { type: "request_replayed", status: 200 },
  ]);
});

Deno.test("onEvent: tells why a token request failed, and when the next attempt is", async () => {
  const refused = { error: "invalid_scope", error_description: "planted" };
  const { authenticator, events } = setUp(
    { retry: { maxDelay: 1 }, clock: undefined },
    1,
    (count) => count === 1 ? new Response("planted", { status: 503 }) : Response.json(refused, { status: 400 }),
  );
  await assertRejects(() => authenticator.getCredentials());
  const common = { type: "token_request_failed", reason: "first", background: false, duration: 0 };
  const failures = events.filter((event) => event.type === "token_request_failed");
  const told = failures.map((event) => ({
    ...event,
    duration: 0,
    retryDelay: Math.ceil(event.retryDelay ?? Infinity),
  }));
  assertEquals<unknown>(told, [
    { ...common, attempt: 1, code: "token_endpoint_error", status: 503, retryDelay: 1 },
    { ...common, attempt: 2, code: "token_request_rejected", status: 400, retryDelay: Infinity },
  ]);
});

Deno.test("onEvent: changes nothing when it rejects", async () => {
  const { authenticator } = setUp({ onEvent: () => Promise.reject(new Error("observer")) });
  for (let call = 0; call < 2; call++) assertEquals((await authenticator.fetch("/")).status, 200);
  await new Promise((resolve) => setTimeout(resolve, 1));
});
