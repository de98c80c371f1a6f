import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { denoOutput } from "../structure/deno_output.ts";
import { bundle } from "./bundle_size.ts";
import { libraries, ours } from "./libraries.ts";
import { runSimulation } from "./fleet_simulation.ts";

const runBench = (...args: string[]) =>
  denoOutput("run", "--quiet", "--v8-flags=--expose-gc", "--allow-all", "tests/bench/main.ts", ...args);

Deno.test("bench: runs every measurement with every client", async () => {
  const { code, stdout, stderr } = await runBench("--smoke");

  assertEquals({ code, stderr }, { code: 0, stderr: "" });
  const titles = [
    "cached token",
    "bare fetch",
    "come first",
    "Steady load",
    "A refresh",
    "Bundle size",
    "Heap",
    "derived",
    "a fleet",
    "a token store",
    "simulated",
    "in a test",
    "telemetry",
    "signed assertion",
  ];
  for (const title of [...titles, "Budgets"]) assertStringIncludes(stdout, title);
  // In the list of versions and in all tables but the bundles', which take too long for a test.
  for (const { name } of libraries) assert(stdout.split(name).length > 6, name);
  assertEquals(/NaN|undefined/.exec(stdout), null, stdout);
  assert(!stdout.replace("Skipped: the build before", "").includes("Skipped:"), stdout);
});

Deno.test("bench: refuses an unknown measurement, and names its own", async () => {
  const { code, stderr } = await runBench("latency");

  assertEquals(code, 2);
  assertStringIncludes(stderr, "latency");
  assertStringIncludes(
    stderr,
    "cached, fetch, cold, load, refresh, bundle, memory, derived, fleet, command, testkit, telemetry, assertions, budgets",
  );
});

Deno.test("bench: the calls that the simulation leaves out change nothing", async () => {
  for (const kind of ["by hand", "with a store"] as const) {
    const simulation = { kind, instances: 40, duration: 7_200_000 };
    const every = await runSimulation({ ...simulation, everyCall: true });

    assertEquals(await runSimulation(simulation), every);
    assert(every.requests.some((count) => count > 0));
  }
});

Deno.test("bench: size.svg shows today's size, within 10 %; else run: deno task bench bundle --draw", async () => {
  const svg = await Deno.readTextFile(new URL("size.svg", import.meta.url));
  const [, shown] = new RegExp(`>${ours.name}</text>\n.*\n.*>([\\d.]+) kB<`).exec(svg) ?? [];
  const { atOnce: { gzipped } } = await bundle(ours);

  assertAlmostEquals(Number(shown), gzipped / 1000, gzipped / 10_000);
});
