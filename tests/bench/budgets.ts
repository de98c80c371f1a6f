/** The design's budgets: this build, the build before, and the peers. @module */

import { bunExecutable } from "../runtimes/bun.ts";
import { nodeExecutable } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { root } from "../std/source.ts";
import { before, type Builds, makeBuilds, ours } from "./builds.ts";
import { cloudflare, gzippedSize } from "./esbuild.ts";
import { forwardingMemory } from "./forwarding.ts";
import { memoryApi, startLoopback } from "./loopback.ts";
import { type Figures, loadLibrary, type ProbeInput } from "./probes.ts";
import { median } from "./statistics.ts";
import { type Effort, type Report, show, times } from "./table.ts";
import { weigh } from "./weigh.ts";

/** A figure of each client by the client's name; not a number where it has none. */
type Found = Readonly<Record<string, number>>;
type Row = readonly [what: string, budget: number, found: Found];

/** A run's builds and effort. */
interface Bench {
  readonly builds: Builds;
  readonly api: string;
  readonly smoke: boolean;
}

/** The measurements on Node, in a process for each client: each figure's probe and name, and its budget. */
const onNode: readonly [probe: Probe, figure: string, what: string, budget: number][] = [
  ["cached", "ratio", "getCredentials() over a bare clock", 1.15],
  ["bytes", "bytes", "bytes allocated a call", 960],
  ["connections", "connections", "connections a replayed call", 1],
  ["entries", "live", "functions entered, live token", 20],
  ["entries", "cold", "functions entered, cold token request", 70],
  ["outage", "p50", "outage: wait after the first flight, p50, ms", 50],
  ["outage", "p99", "outage: the same, p99, ms", 1_000],
  ["outage", "requests", "outage: token requests in 25 s", 20],
  ["heap", "bytes", "heap of an idle client, alone, bytes", 450],
];
const nodeFlags: Partial<Record<string, string[]>> = {
  bytes: ["--expose-gc", "--min-semi-space-size=256", "--max-semi-space-size=256"],
  heap: ["--expose-gc"],
};

export async function measureBudgets({ smoke }: Effort): Promise<Report> {
  await using builds = await makeBuilds();
  await using loopback = startLoopback({ delay: 0, lifetime: 3_600_000 });
  const bench = { builds, api: loopback.api, smoke };
  const rows: Row[] = [];
  const skipped: string[] = builds.folderBefore ? [] : ["the build before: its commit isn't in this clone"];
  const [bytes, connections, entries, outage] = (["bytes", "connections", "entries", "outage"] as const)
    .map((probe) => () => runOnNode(bench, probe));
  const measured = { sizes, cached, fetches, bytes, connections, entries, outage, forwarding, heap };
  for (const [name, measure] of Object.entries(measured)) {
    try {
      rows.push(...await measure!(bench));
    } catch (error) {
      skipped.push(`${name}: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  return {
    title: "Budgets",
    how: "Each in processes of its own, on Node where nothing else is said. Before: the core before it was rebuilt. " +
      "The best peer is the one with the smallest figure." +
      skipped.map((reason) => `\nSkipped: ${reason}.`).join(""),
    columns: ["what", "ours", "before", "of before", "best peer", "of best peer", "budget", "of budget"],
    rows: rows.map(formatRow),
    budgets: rows.map(([what, budget, { [ours]: own = NaN }]) => ({
      what,
      met: own <= budget,
      found: `${exact(own)}, budget ${exact(budget)}`,
    })),
  };
}

function formatRow([what, budget, { [ours]: own = NaN, [before]: past = NaN, ...peers }]: Row): string[] {
  const [best] = Object.entries(peers).filter(([, value]) => !isNaN(value)).sort(([, a], [, b]) => a - b);
  return [
    what,
    exact(own),
    isNaN(past) ? "–" : exact(past),
    past ? times(own, past) : "–",
    best === undefined ? "–" : `${exact(best[1])} (${best[0]})`,
    best?.[1] ? times(own, best[1]) : "–",
    exact(budget),
    times(own, budget),
  ];
}

/** Ratios differ in the third digit. */
function exact(value: number): string {
  return Math.abs(value) < 10 ? String(Number(value.toFixed(3))) : show(value);
}

async function sizes({ builds: { folderBefore } }: Bench): Promise<Row[]> {
  const whole = ["ClientCredentialsAuthenticator", "StaticClientConfigStore"];
  const pieces = ["refreshing", "authenticatedFetch", "clientCredentials", "clientSecretPost"];
  const size = async (names: readonly string[], args: readonly string[] = []): Promise<Found> => ({
    [ours]: await gzippedSize(`${root}/mod.ts`, names, args),
    ...folderBefore && names === whole && { [before]: await gzippedSize(`${folderBefore}/mod.ts`, names, args) },
  });
  return [
    ["one file, bytes gzipped", 8_800, await size(whole)],
    ["the same, as Cloudflare bundles it", 8_000, await size(whole, cloudflare)],
    ["three composed pieces", 3_788, await size(pieces)],
  ];
}

async function cached(bench: Bench): Promise<Row[]> {
  // Figures depend on a process's code layout.
  const [row] = await runOnNode(bench, "cached", bench.smoke ? 1 : 3);
  const { [ours]: own = NaN, [before]: past = NaN, "openid-client": openid = NaN } = row![2];
  return [
    row!,
    ["the same, over a cache around openid-client", 0.7, { [ours]: own / openid, [before]: past / openid }],
  ];
}

async function fetches(bench: Bench): Promise<Row[]> {
  const runtimes: [name: string, budget: number, start: string[]][] = [
    ["Node", 1.02, [await nodeExecutable("24.21.0")]],
    ["Deno", 1.02, [Deno.execPath(), "run", "--quiet", "--no-config", "--no-lock", "-A"]],
    ["Bun", 1.025, [await bunExecutable()]],
  ];
  const names = Array.from(bench.builds.clients.keys());
  const paths = Array.from(bench.builds.clients.values());
  const rows: Row[] = [];
  for (const [name, budget, start] of runtimes) {
    const ratios = await runProbe(bench, "fetch", start, paths);
    const found = Object.fromEntries(names.map((name, index) => [name, ratios[paths[index]!] ?? NaN]));
    rows.push([`fetch over a bare fetch, ${name}`, budget, found]);
  }
  return rows;
}

async function forwarding({ smoke }: Bench): Promise<Row[]> {
  const found = { [ours]: await forwardingMemory(smoke ? 2 : 300) };
  return [["memory of a 300 MB upload over bare fetch, workerd, MB", 4, found]];
}

async function heap(bench: Bench): Promise<Row[]> {
  const rows = await runOnNode(bench, "heap");
  // The last measurement of all: this process is as full as a service's.
  const here: Record<string, number> = {};
  const setting = memoryApi();
  for (const [name, path] of bench.builds.clients) {
    const { make } = await loadLibrary(path);
    here[name] = await weigh(bench.smoke ? 200 : 50_000, () => make(setting).kept);
  }
  return [...rows, ["the same, at the end of the whole benchmark, Deno", 450, here]];
}

/** Runs a probe of each client, or some such runs, of which the median counts. */
async function runOnNode(bench: Bench, probe: Probe, runs = 1): Promise<Row[]> {
  const start = [await nodeExecutable("24.21.0"), ...nodeFlags[probe] ?? []];
  const found: Record<string, Figures[]> = {};
  const run = async ([client, path]: [string, string]) => {
    const figures = found[client] = [] as Figures[];
    while (figures.length < runs) figures.push(await runProbe(bench, probe, start, [path]));
  };
  const clients = [...bench.builds.clients];
  // Together they would slow each other down, which a smoke test ignores; an outage's callers mostly wait.
  if (bench.smoke || probe === "outage") await Promise.all(clients.map(run));
  else for (const client of clients) await run(client);
  return onNode.filter(([name]) => name === probe).map(([, figure, what, budget]) => {
    const medians = clients.map(([client]) => [client, median(found[client]!.flatMap((each) => each[figure] ?? []))]);
    return [what, budget, Object.fromEntries(medians)];
  });
}

type Probe = ProbeInput["probe"];

async function runProbe({ api, smoke }: Bench, probe: Probe, start: string[], clients: string[]): Promise<Figures> {
  const input: ProbeInput = { probe, smoke, clients, api };
  const [executable = "", ...args] = [...start, `${root}/tests/bench/probes.ts`, JSON.stringify(input)];
  const { success, stdout, stderr } = await runToEnd(executable, { args, timeout: 120_000 });
  if (!success) throw new Error(`the probe of ${probe} failed: ${stderr}`);
  return JSON.parse(stdout);
}
