import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { testServers } from "@m2m/authenticator/testing";
import { expect, jest, test } from "@jest/globals";

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
  jest.useFakeTimers();
  const kit = testServers();
  const authenticator = new ClientCredentialsAuthenticator(kit.options);
  await authenticator.fetch("/v1/projects");
  jest.advanceTimersByTime(3_600_000);
  await authenticator.fetch("/v1/projects");
  kit.assertTokenRequests(2);
  jest.useRealTimers();
});
