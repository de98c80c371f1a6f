/** What onEvent is told, by the authenticator as a whole. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  AuthenticationError,
  type AuthenticatorEvent,
  type ClientCredentialsAuthenticatorOptions,
} from "@m2m/authenticator";
import { authenticatorAt, besideApi } from "./authenticator_at.ts";
import { tokenEndpointStub, usualAnswer } from "./servers/token_endpoint_stub.ts";

/** An authenticator whose events are kept, and an API that accepts tokens from the given one on. */
function setUp(
  { accepts = 1, token = usualAnswer }: { accepts?: number; token?: (count: number) => Response } = {},
  options: Partial<ClientCredentialsAuthenticatorOptions> = {},
) {
  const events: AuthenticatorEvent[] = [];
  const stub = tokenEndpointStub(token);
  const time = { now: 1_000_000 };
  const authenticator = authenticatorAt(stub, {
    clientId: "planted-id",
    clientSecret: "planted-secret",
    fetch: besideApi(stub, (headers) => {
      const number = Number(headers.get("authorization")?.replace("Bearer token-", ""));
      return new Response("planted", { status: number >= accepts ? 200 : 401 });
    }),
    onEvent: (event) => events.push(event),
    clock: { wall: () => time.now, monotonic: () => time.now },
    ...options,
  });
  return { authenticator, events, time };
}

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
  const { authenticator, events } = setUp({ accepts: 2 });
  await authenticator.fetch("/");
  assertEquals(events.slice(2), [
    { type: "token_rejected", remainingLifetime: 3_600_000, willRefresh: true },
    { type: "token_requested", reason: "rejected", attempt: 1, background: false },
    { type: "token_issued", reason: "rejected", ...issued },
    { type: "request_replayed", status: 200 },
  ]);
});

Deno.test("onEvent: tells why a token request failed, and when the next attempt is", async () => {
  const token = (count: number) =>
    count === 1 ? new Response(null, { status: 503 }) : Response.json({ error: "invalid_scope" }, { status: 400 });
  const { authenticator, events } = setUp({ token }, { retry: { maxDelay: 1 }, clock: undefined });
  await assertRejects(() => authenticator.getCredentials(), AuthenticationError);
  const failures = events.filter((event) => event.type === "token_request_failed");
  assertEquals(failures.map(({ attempt, code, status }) => [attempt, code, status]), [
    [1, "token_endpoint_error", 503],
    [2, "token_request_rejected", 400],
  ]);
  const [first, second] = failures.map(({ retryDelay }) => retryDelay);
  assert(first !== undefined && first <= 1 && second === undefined, `${first}, ${second}`);
});

Deno.test("onEvent: is told no secret", async () => {
  const token = (count: number) =>
    count === 1
      ? Response.json({ access_token: "planted-token", refresh_token: "planted-refresh" })
      : Response.json({ error: "invalid_client", error_description: "planted" }, { status: 401 });
  const { authenticator, events } = setUp({ token });
  await authenticator.fetch("/v1?key=planted", { headers: { "x-key": "planted" }, method: "POST", body: "planted" });
  await assertRejects(() => authenticator.refreshCredentials());
  assert(events.length >= 6);
  assertEquals(Deno.inspect(events, { depth: 10, showHidden: true, getters: true }).includes("planted"), false);
});

const faulty: Record<string, () => unknown> = {
  throws() {
    throw new Error("observer");
  },
  rejects: () => Promise.reject(new Error("observer")),
};
for (const [name, onEvent] of Object.entries(faulty)) {
  Deno.test(`onEvent: changes nothing when it ${name}`, async () => {
    const { authenticator } = setUp({}, { onEvent });
    for (let call = 0; call < 2; call++) assertEquals((await authenticator.fetch("/")).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 1));
  });
}
