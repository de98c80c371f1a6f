// Put before it: the import of `expect`, `test` and `timers`, by the framework's names.
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { testServers } from "@m2m/authenticator/testing";

test("asks for one token, until it expires", async () => {
  const kit = testServers({ answer: () => Response.json(["p1"]) });
  const authenticator = new ClientCredentialsAuthenticator(kit.options);
  expect(await (await authenticator.fetch("/v1/projects")).json()).toEqual(["p1"]);
  kit.clock.advance(3_600_000);
  await authenticator.fetch("/v1/projects");
  kit.assertTokenRequests(2);
  expect(() => kit.assertCalls([])).toThrow("Expected no call, but there were 2");
});

test("goes along with fake timers", async () => {
  timers.useFakeTimers();
  const kit = testServers();
  const authenticator = new ClientCredentialsAuthenticator(kit.options);
  await authenticator.fetch("/v1/projects");
  timers.advanceTimersByTime(3_600_000);
  await authenticator.fetch("/v1/projects");
  kit.assertTokenRequests(2);
  timers.useRealTimers();
});
