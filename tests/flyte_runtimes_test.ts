import { assertEquals } from "@std/assert";
import { callPlatforms } from "./flyte_program.ts";
import { testOnEveryRuntime } from "./runtimes/every_runtime.ts";
import { client, frontAudience, startFlyteBackend } from "./servers/flyte_backend.ts";

const file = new URL("flyte_program.ts", import.meta.url);
const program = { run: callPlatforms, script: file, worker: file };
await testOnEveryRuntime("Flyte: calls platforms in all ways", program, async (run) => {
  await using flyte1 = await startFlyteBackend();
  await using flyte2 = await startFlyteBackend({ version: 2 });
  await using fronted = await startFlyteBackend({ hasFront: true });
  // The platform behind the proxy, and its proxy, each refuse a token.
  fronted.flyte.revokeNext.add("front").add("api");

  const output = await run({
    ...client,
    flyte1: flyte1.flyte.origin,
    flyte2: flyte2.flyte.origin,
    fronted: fronted.flyte.origin,
    frontTokenEndpoint: fronted.frontTokenEndpoint,
    frontAudience,
  });

  const ways = ["Flyte 1", "Flyte 2", "an API key", "a config file", "a proxy in front"];
  assertEquals(output, Object.fromEntries(ways.map((way) => [way, "200 flytesnacks"])));
  assertEquals(fronted.asked().length, 2);
});
