import { assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { fileURLToPath } from "node:url";
import { startScene } from "../dpop/scene.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { chooseSource, environment, flags } from "../std/source.ts";

const source = await chooseSource();

Deno.test("the example with a bound token creates a project, whether or not servers want nonces", async () => {
  for (const wanted of [{}, { serverNonces: true, api: { nonce: "first" } }]) {
    await using scene = await startScene(wanted);
    const { stdout, stderr } = await run(scene.api.origin, scene.server.tokenEndpoint, "bound");

    const { method, path, body } = JSON.parse(stdout || "{}");
    assertEquals([method, path, body, stderr], ["POST", "/v1/projects", '{"name":"Gemini"}', ""]);
    assertEquals(scene.verifier.proofs.at(-1)?.htm, "POST");
  }
});

Deno.test("the example with a bound token says what the server says against it", async () => {
  await using scene = await startScene();
  const { success, stderr } = await run(scene.api.origin, scene.server.tokenEndpoint, "nobody");

  assertFalse(success);
  assertStringIncludes(stderr, "the server answered invalid_client (401)");
});

function run(endpoint: string, tokenEndpoint: string, clientId: string) {
  const script = fileURLToPath(new URL("../../examples/dpop.ts", import.meta.url));
  const net = `--allow-net=${[endpoint, tokenEndpoint].map((url) => new URL(url).host)}`;
  return runToEnd(Deno.execPath(), {
    args: ["run", ...flags(source, "run"), "--quiet", "--no-prompt", "--allow-env", net, script, "Gemini"],
    env: {
      ...environment(source),
      M2M_ENDPOINT: endpoint,
      M2M_TOKEN_ENDPOINT: tokenEndpoint,
      M2M_CLIENT_ID: clientId,
      M2M_CLIENT_SECRET: "secret",
      M2M_SCOPES: "api:read",
    },
  });
}
