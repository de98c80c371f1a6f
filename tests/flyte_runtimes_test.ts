import { assertEquals } from "@std/assert";
import { testOnEveryRuntime } from "./runtimes/every_runtime.ts";
import { client, frontAudience, startFlyteBackend } from "./servers/flyte_backend.ts";
import { callPlatforms, type ProgramInput, type ProgramOutput } from "./flyte_program.ts";

/** Calls the platforms somewhere. The one behind a proxy refuses a token once, and so does its proxy. */
async function allAreCalled(run: (input: ProgramInput) => Promise<ProgramOutput>): Promise<void> {
  await using first = await startFlyteBackend();
  await using second = await startFlyteBackend({ version: 2 });
  await using fronted = await startFlyteBackend({ hasFront: true });
  fronted.flyte.revokeNext.add("front").add("api");

  const output = await run({
    ...client,
    first: first.flyte.origin,
    second: second.flyte.origin,
    fronted: fronted.flyte.origin,
    frontTokenEndpoint: fronted.frontTokenEndpoint,
    frontAudience,
  });

  const good = "200 flytesnacks";
  assertEquals(output, {
    flyteadmin: good,
    "Flyte 2": good,
    "an API key": good,
    "a config file": good,
    "a proxy in front": good,
  });
  assertEquals(fronted.asked().length, 2);
}

const program = {
  run: callPlatforms,
  script: new URL("flyte_script.ts", import.meta.url),
  worker: new URL("flyte_worker.ts", import.meta.url),
};

await testOnEveryRuntime("Flyte's platforms are called", program, allAreCalled);
