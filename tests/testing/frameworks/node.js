import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { testServers } from "@m2m/authenticator/testing";
import assert from "node:assert/strict";
import { mock, test } from "node:test";

test("asks for one token, until it expires", async () => {
  const kit = testServers({ answer: () => Response.json(["p1"]) });
  const authenticator = new ClientCredentialsAuthenticator(kit.options);
  assert.deepEqual(await (await authenticator.fetch("/v1/projects")).json(), ["p1"]);
  kit.clock.advance(3_600_000);
  await authenticator.fetch("/v1/projects");
  kit.assertTokenRequests(2);
  assert.throws(() => kit.assertCalls([]), /Expected no call, but there were 2/);
});

test("goes along with fake timers", async () => {
  mock.timers.enable({ apis: ["Date", "setTimeout"], now: Date.now() });
  const kit = testServers();
  const authenticator = new ClientCredentialsAuthenticator(kit.options);
  await authenticator.fetch("/v1/projects");
  mock.timers.tick(3_600_000);
  await authenticator.fetch("/v1/projects");
  kit.assertTokenRequests(2);
  mock.timers.reset();
});
