import { ClientCredentialsAuthenticator, type Clock, StaticClientConfigStore } from "@m2m/authenticator";
import { behaviours, staticAuthenticator, testClock, testServers } from "@m2m/authenticator/testing";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { serve } from "../servers/loopback.ts";

Deno.test("testClock: jumps by both clocks, and is set by one", () => {
  using time = new FakeTime(1_000);
  const clock = testClock(new Date(50_000));
  // The real monotonic clock goes on between two looks.
  const read = ({ wall, monotonic }: Clock) => [wall(), 500 * Math.round((monotonic() - performance.now()) / 500)];

  assertEquals(read(clock), [50_000, 0]);
  clock.advance(500);
  assertEquals(read(clock), [50_500, 500]);
  clock.set(7_000);
  assertEquals(read(clock), [7_000, 500]);
  time.tick(250);
  assertEquals(clock.wall(), 7_250);
  assertThrows(() => clock.advance(-1), RangeError, "ms");
  assertThrows(() => clock.advance("1" as unknown as number), TypeError, "ms");
  assertThrows(() => testClock(new Date("never")), TypeError, "time");
});

Deno.test("staticAuthenticator: does all that an authenticator does, with one token", async () => {
  const sent: unknown[] = [];
  const authenticator = staticAuthenticator("a-token", {
    fetch: (input, init) => {
      sent.push(`${input} ${new Headers(init?.headers).get("authorization")}`);
      return Promise.resolve(new Response(null, { status: 401 }));
    },
  });
  const derived = authenticator.with({ endpoint: "https://other.test" });

  assertEquals((await authenticator.fetch("/v1")).status, 401);
  assertEquals((await derived.fetch("/v1")).status, 401);
  assertEquals(sent, ["https://api.test/v1 Bearer a-token", "https://other.test/v1 Bearer a-token"]);
  assertEquals((await authenticator.getCredentials()).accessToken, "a-token");
  assertEquals((await authenticator.refreshCredentials()).accessToken, "a-token");
  assertEquals((await authenticator.authorize(new Headers())).get("authorization"), "Bearer a-token");
  const pushed: string[] = [];
  const stop = authenticator.onToken(({ accessToken }) => pushed.push(accessToken));
  await authenticator.refreshCredentials();
  stop();
  assertEquals(pushed, ["a-token"]);
  assertEquals(authenticator.explain().token, "live");
  assert(!Deno.inspect(authenticator).includes("a-token"));
  await authenticator.close();
  await assertRejects(() => authenticator.getCredentials(), DOMException, "closed");

  const known = staticAuthenticator({ accessToken: "t", tokenType: "OAuth", scope: "a" }, { headerKey: "x-token" });
  assertEquals((await known.authorize(new Headers())).get("x-token"), "OAuth t");
  assertThrows(() => staticAuthenticator("a token"), TypeError, "accessToken");
});

Deno.test("handlers: answer behind sockets, too", async () => {
  const kit = testServers();
  await using server = serve(kit.authorizationServer.fetch);
  await using api = serve(kit.api.fetch);
  const { clientId, clientSecret } = kit.options;
  const configStore = new StaticClientConfigStore({ tokenEndpoint: `${server.origin}/oauth/token` });
  const options = { endpoint: api.origin, clientId, clientSecret, configStore };
  const authenticator = new ClientCredentialsAuthenticator(options);
  const response = await authenticator.fetch("/v1", { method: "POST", body: new Uint8Array([104, 105]) });

  assertEquals((await response.json()).body, "hi");
  kit.api.next(behaviours.status(503));
  assertEquals((await (await authenticator.fetch("/v2")).json()).message, "Answer 503, as the test says.");
  kit.assertCalls(["POST /v1", "GET /v2"]);
});
