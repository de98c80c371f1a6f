/** What authenticators print, and what the stacks of their errors show. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { AuthenticationError, Credentials, refreshing } from "@m2m/authenticator";
import { authenticatorAt } from "./authenticator_at.ts";
import { assertHides } from "./client_auth/showing.ts";
import { tokenEndpointStub } from "./servers/token_endpoint_stub.ts";

Deno.test("an authenticator prints its settings, its state and its token's remaining lifetime", async () => {
  let now = 0;
  const clock = { wall: () => now, monotonic: () => now };
  const stub = tokenEndpointStub(() => Response.json({ access_token: "planted-token", expires_in: 3600 }));
  const authenticator = authenticatorAt(stub, { clientSecret: "planted-s3cret", scopes: ["a", "b"], clock });
  const settings = { endpoint: "https://api.test", clientId: "id", scopes: ["a", "b"] };
  assertEquals(authenticator.toJSON(), { ...settings, token: "none" });
  await authenticator.getCredentials();
  now = 600_000;
  assertEquals(authenticator.toJSON(), { ...settings, token: "live", remainingLifetime: 3_000_000 });
  now = 3_600_000;
  assertEquals(authenticator.toJSON(), { ...settings, token: "expired", remainingLifetime: 0 });
  for (const text of [Deno.inspect(authenticator), JSON.stringify(authenticator)]) {
    assertStringIncludes(text, "https://api.test");
    assert(!text.includes("planted"), text);
  }
  await authenticator.close();
  assertEquals(authenticator.toJSON(), { ...settings, token: "closed" });
});

Deno.test("an error's stack shows the line that waited for the token", async () => {
  const stub = tokenEndpointStub(() => Response.json({ error: "invalid_client" }, { status: 401 }));
  const authenticator = authenticatorAt(stub);
  async function fetchProjects() {
    return await authenticator.fetch("/v1/projects");
  }
  async function lookAtToken() {
    return await authenticator.getCredentials();
  }
  const forms = { fetchProjects, lookAtToken };
  // The second time the error is remembered, and the third time shared.
  for (const [name, call] of [...Object.entries(forms), ...Object.entries(forms)]) {
    const errors = await Promise.all([1, 2].map(() => assertRejects(call, AuthenticationError)));
    for (const { stack } of errors) assertStringIncludes(stack!, name);
  }
});

Deno.test("the pieces print no token", async () => {
  const credentials = new Credentials({ accessToken: "planted-token" });
  const tokens = refreshing(() => Promise.resolve({ credentials }));
  assertHides([tokens, await tokens.get()], ["planted-token"]);
  assertHides(tokens, ["planted-token"]);
});
