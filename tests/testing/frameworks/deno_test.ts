import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { testServers } from "@m2m/authenticator/testing";
import { assertEquals, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";

Deno.test("a program's own test: asks for one token, until it expires", async () => {
  const kit = testServers({ answer: () => Response.json(["p1"]) });
  const authenticator = new ClientCredentialsAuthenticator(kit.options);
  assertEquals(await (await authenticator.fetch("/v1/projects")).json(), ["p1"]);
  kit.clock.advance(3_600_000);
  await authenticator.fetch("/v1/projects");
  kit.assertTokenRequests(2);
  assertThrows(() => kit.assertCalls([]), Error, "Expected no call, but there were 2");
});

Deno.test("a program's own test: goes along with fake timers", async () => {
  using time = new FakeTime();
  const kit = testServers();
  const authenticator = new ClientCredentialsAuthenticator(kit.options);
  await authenticator.fetch("/v1/projects");
  time.tick(3_600_000);
  await authenticator.fetch("/v1/projects");
  kit.assertTokenRequests(2);
});
