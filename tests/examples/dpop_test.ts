import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { startScene } from "../dpop/scene.ts";
import { runExample } from "./run_example.ts";

Deno.test("dpop.ts: creates a project, with and without nonces", async () => {
  for (const options of [{}, { serverNonces: true, api: { nonce: "first" } }]) {
    await using scene = await startScene(options);
    const { stdout, stderr } = await run(scene.api.origin, scene.server.tokenEndpoint, "bound");

    const { method, path, body } = JSON.parse(stdout || "{}");
    assertEquals([method, path, body, stderr], ["POST", "/v1/projects", '{"name":"Gemini"}', ""]);
    assertEquals(scene.verifier.proofs.at(-1)?.htm, "POST");
  }
});

Deno.test("dpop.ts: fails with the server's error code", async () => {
  await using scene = await startScene();
  const { success, stderr } = await run(scene.api.origin, scene.server.tokenEndpoint, "unknown");

  assertFalse(success);
  assertStringIncludes(stderr, "invalid_client");
});

function run(endpoint: string, tokenEndpoint: string, clientId: string) {
  return runExample({
    command: ["dpop.ts", "Gemini"],
    net: [endpoint, tokenEndpoint],
    env: {
      M2M_ENDPOINT: endpoint,
      M2M_TOKEN_ENDPOINT: tokenEndpoint,
      M2M_CLIENT_ID: clientId,
      M2M_CLIENT_SECRET: "secret",
      M2M_SCOPES: "api:read",
    },
  });
}
