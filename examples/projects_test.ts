/**
 * Tests of a program that calls an API, without a server:
 *
 *     deno add jsr:@m2m/authenticator && deno test projects_test.ts
 *     npx jsr add @m2m/authenticator && node --test projects_test.ts
 *     bunx jsr add @m2m/authenticator && bun test projects_test.ts
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { AuthenticationError, type Authenticator, ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { behaviours, staticAuthenticator, testServers } from "@m2m/authenticator/testing";

/** The program: it gets its authenticator from outside. */
async function countProjects(authenticator: Pick<Authenticator, "fetch">): Promise<number> {
  const response = await authenticator.fetch("/v1/projects");
  if (!response.ok) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
  return (await response.json()).length;
}

/** Both servers, and an authenticator between them. */
function setUp() {
  const kit = testServers({ answer: () => Response.json(["p1", "p2"]) });
  return { kit, authenticator: new ClientCredentialsAuthenticator(kit.options) };
}

test("one token serves many calls, until it expires", async () => {
  const { kit, authenticator } = setUp();
  assert.equal(await countProjects(authenticator), 2);
  assert.equal(await countProjects(authenticator), 2);
  kit.assertTokenRequests(1);
  kit.clock.advance(3_600_000);
  assert.equal(await countProjects(authenticator), 2);
  kit.assertTokenRequests(2);
});

test("a call is replayed when the API rejects the token", async () => {
  const { kit, authenticator } = setUp();
  kit.api.next(behaviours.rejectToken());
  assert.equal(await countProjects(authenticator), 2);
  kit.assertCalls(["GET /v1/projects 401", "GET /v1/projects 200"]);
});

test("an outage of the authorization server ends in an error that can be retried", async () => {
  const { kit, authenticator } = setUp();
  await kit.authorizationServer.during(behaviours.status(503), async () => {
    await assert.rejects(
      countProjects(authenticator),
      (error) => error instanceof AuthenticationError && error.retryable,
    );
  });
  kit.assertCalls([]);
});

test("the API's own failure is the program's to explain", async () => {
  const authenticator = staticAuthenticator("a-token", {
    fetch: () => Promise.resolve(new Response("busy", { status: 500 })),
  });
  await assert.rejects(countProjects(authenticator), /the API answered 500/);
});
