// Put before it: the imports of `http` and `setupServer` of MSW, and of `Hono`.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { testServers } from "@m2m/authenticator/testing";

test("answers in MSW, for the global fetch", async () => {
  const kit = testServers();
  const origins = /^https:\/\/(auth|api)\.test\//;
  const server = setupServer(http.all(origins, ({ request }) => kit.fetch(request)));
  server.listen();
  const authenticator = new ClientCredentialsAuthenticator({ ...kit.options, fetch: undefined });
  const response = await authenticator.fetch("/v1/projects", { method: "POST", body: "a body" });
  assert.equal((await response.json()).body, "a body");
  kit.assertTokenRequests(1);
  server.close();
});

test("answers in Hono, below other routes", async () => {
  const kit = testServers({ issuer: "http://localhost/auth", endpoint: "http://localhost/" });
  const app = new Hono().get("/health", (context) => context.text("well")).all("*", ({ req }) => kit.fetch(req.raw));
  const fetch = (input, init) => Promise.resolve(app.request(input, init));
  const authenticator = new ClientCredentialsAuthenticator({ ...kit.options, fetch });
  assert.equal((await authenticator.fetch("/v1/projects")).status, 200);
  assert.equal(await (await authenticator.fetch("/health")).text(), "well");
  kit.assertCalls(["GET /v1/projects"]);
});
