/** Token requests of 10,000 instances, simulated. @module */

import { denoOutput } from "../structure/deno_output.ts";
import { root } from "../std/source.ts";
import { drawFleet } from "./fleet_chart.ts";
import { type Course, setting, type Simulation } from "./simulate_fleet.ts";
import { ours } from "./libraries.ts";
import { atMost, type Effort, type Report, show } from "./table.ts";

const kinds: Readonly<Record<Simulation["kind"], string>> = {
  "by hand": "a cache by hand",
  "alone": `${ours.name}, without a store (jitter alone)`,
  "with a store": `${ours.name}, with a store`,
  "with a store without leases": `${ours.name}, with a store without leases`,
};
const hour = 3_600_000;

export async function measureSimulatedFleet({ smoke, draw }: Effort): Promise<Report> {
  const [instances, hours] = smoke ? [50, 2] : [10_000, 6];
  const found = await Promise.all(
    Object.entries(kinds).map(async ([kind, name]) => {
      const course = await runSimulation({ kind: kind as Simulation["kind"], instances, duration: hours * hour });
      return { name, course, ...findWorst(course) };
    }),
  );
  const [, , shared] = found;
  if (draw) {
    await Deno.writeTextFile(`${root}/tests/bench/fleet.svg`, drawFleet(found.slice(0, 3), { instances, hours }));
  }
  const { lifetime, endpointDelay, storeDelay, shortestPeriod, periodSpread } = setting;
  const ranges = [shortestPeriod, shortestPeriod + periodSpread].map((period) => period / 1000);
  return {
    title: "A fleet, simulated",
    how:
      `${show(instances)} instances on a virtual clock for ${hours} hours: the real code, in one process. All start ` +
      "within one second, with an empty store, and are restarted likewise half-way. Each calls at its own steady rate, " +
      `every ${ranges.join(" to ")} s. A token lives for ${lifetime / hour} h, its endpoint is ${endpointDelay} ms ` +
      `away, the store ${storeDelay} ms. The same figures in each run.`,
    columns: [
      ...["instances are", "token requests", "a lifetime"],
      ...["start: worst second", "restart: worst second", "else: worst second", "store operations, worst second"],
    ],
    rows: found.map(({ name, course, start, restart, rest, operations }) => {
      const total = course.requests.reduce((sum, count) => sum + count, 0);
      return [name, ...[total, total / course.tokens, start, restart, rest, operations].map(show)];
    }),
    budgets: [
      atMost("with a store: worst second", Math.max(...shared!.course.requests), 1, "token request"),
    ],
  };
}

/** Runs a simulation in a process of its own. */
export async function runSimulation(simulation: Simulation): Promise<Course> {
  const program = "tests/bench/simulate_fleet.ts";
  const { success, stdout, stderr } = await denoOutput("run", "--quiet", program, JSON.stringify(simulation));
  if (!success) throw new Error(`The simulation failed: ${stderr}`);
  return JSON.parse(stdout);
}

/** The worst seconds: of the first ten after all have started, after all were restarted, and of all others. */
function findWorst({ requests, operations }: Course) {
  const half = requests.length / 2;
  const worst = (from: number, to: number) => Math.max(...requests.slice(from, to));
  return {
    start: worst(0, 10),
    restart: worst(half, half + 10),
    rest: Math.max(worst(10, half), worst(half + 10, requests.length)),
    operations: Math.max(...operations),
  };
}
