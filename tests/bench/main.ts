/**
 * Ours beside its peers: `deno task bench`, or some of it: `deno task bench cached memory`.
 *
 * `--smoke` only shows that everything runs; `--draw` draws `fleet.svg`, `refresh.svg` and `size.svg` again.
 *
 * @module
 */

import { measureAssertions } from "./assertions.ts";
import { measureBudgets } from "./budgets.ts";
import { measureBundleSize } from "./bundle_size.ts";
import { measureCached } from "./cached.ts";
import { measureColdCallers } from "./cold_callers.ts";
import { measureCommandStart } from "./command_start.ts";
import { measureFetchOverhead } from "./fetch_overhead.ts";
import { measureStoreCosts } from "./fleet_costs.ts";
import { measureFleetRequests } from "./fleet_requests.ts";
import { measureSimulatedFleet } from "./fleet_simulation.ts";
import { libraries } from "./libraries.ts";
import { measureDerived, measureMemory } from "./memory.ts";
import { measureRefresh } from "./refresh_timeline.ts";
import { measureSteadyLoad } from "./steady_load.ts";
import { measureTestkit } from "./testkit.ts";
import { type Budget, type Effort, formatReport, type Report } from "./table.ts";
import { measureTelemetry } from "./telemetry.ts";

type Measure = (effort: Effort) => Promise<Report>;

const measurements: Readonly<Record<string, Measure | readonly Measure[]>> = {
  cached: measureCached,
  fetch: measureFetchOverhead,
  cold: measureColdCallers,
  load: measureSteadyLoad,
  refresh: measureRefresh,
  bundle: measureBundleSize,
  memory: measureMemory,
  derived: measureDerived,
  fleet: [measureFleetRequests, measureStoreCosts, measureSimulatedFleet],
  command: measureCommandStart,
  testkit: measureTestkit,
  telemetry: measureTelemetry,
  assertions: measureAssertions,
  budgets: measureBudgets,
};

const [smoke, draw] = [Deno.args.includes("--smoke"), Deno.args.includes("--draw")];
const asked = Deno.args.filter((argument) => !argument.startsWith("--"));
const names = Object.keys(measurements);
const unknown = asked.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`No such measurement: ${unknown.join(", ")}. There are: ${names.join(", ")}.`);
  Deno.exit(2);
}

console.log(`Deno ${Deno.version.deno}, V8 ${Deno.version.v8}, ${Deno.build.target}`);
for (const { name, version, note } of libraries) console.log(`${name} ${version}${note ? ` (${note})` : ""}`);
console.log();

const budgets: Budget[] = [];
for (const name of names.filter((name) => asked.length === 0 || asked.includes(name))) {
  for (const measure of [measurements[name]!].flat()) {
    const report = await measure({ smoke, draw });
    budgets.push(...report.budgets);
    console.log(formatReport(report));
  }
}
console.log(`${budgets.filter(({ met }) => met).length} of ${budgets.length} budgets met.`);
// Some peers leave timers or sockets behind.
Deno.exit(0);
