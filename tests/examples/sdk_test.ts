import { assertEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { chooseSource, environment, flags } from "../std/source.ts";
import { calls, startBackend } from "./backend.ts";

Deno.test("an SDK that is handed authenticator.fetch gets its projects", async () => {
  const source = await chooseSource();
  await using backend = await startBackend();

  const { success, stdout, stderr } = await runToEnd(Deno.execPath(), {
    args: [
      "run",
      ...flags(source, "run"),
      "--quiet",
      "--no-prompt",
      `--allow-net=${backend.hosts}`,
      `--allow-env=${Object.keys(backend.settings)}`,
      fileURLToPath(new URL("../../examples/sdk.ts", import.meta.url)),
    ],
    env: { ...environment(source), ...backend.settings },
  });

  assertEquals([success, stderr], [true, ""]);
  assertEquals(stdout, "p1: Apollo\np2: Gemini\n");
  assertEquals(calls(backend), ["GET /v1/projects 200"]);
  assertEquals(backend.countTokenRequests(), 1);
  backend.assertNoSecretIn(stdout);
});
