/** The design's budgets: this build, the build before, and the peers. @module */

import { pathToFileURL } from "node:url";
import { bunExecutable } from "../runtimes/bun.ts";
import { root } from "../std/source.ts";
import { makeBuilds } from "./builds.ts";
import { cloudflare, gzippedSize } from "./esbuild.ts";
import type { Library } from "./clients/client.ts";
import { forwardingMemory } from "./forwarding.ts";
import { startLoopback } from "./loopback.ts";
import { weigh } from "./memory.ts";
import { type Bench, compared, each, listClients, node, probe } from "./own_process.ts";
import { median } from "./statistics.ts";
import { type Budget, type Effort, type Report, show, times } from "./table.ts";

/** One budget. */
interface Row {
  readonly what: string;
  readonly budget: number;
  readonly ours: number;
  readonly before?: number | undefined;
  /** The peers that have such a figure, by name. */
  readonly peers?: Readonly<Record<string, number>>;
}

export async function measureBudgets({ smoke }: Effort): Promise<Report> {
  await using builds = await makeBuilds();
  await using loopback = startLoopback({ delay: 0, lifetime: 3_600_000 });
  const bench = { builds, api: loopback.api, smoke };
  const rows: Row[] = [];
  const skipped: string[] = builds.before ? [] : ["the build before: its commit isn't in this clone"];
  for (const measure of [sizes, cached, fetches, bytes, connections, entries, outage, forwarding, heap]) {
    try {
      rows.push(...await measure(bench));
    } catch (error) {
      skipped.push(`${measure.name}: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  return {
    title: "Budgets",
    how: "Each in processes of its own, on Node where nothing else is said. Before: the core before it was rebuilt. " +
      "The best peer is the one with the smallest figure." +
      skipped.map((reason) => `\nSkipped: ${reason}.`).join(""),
    columns: ["what", "ours", "before", "of before", "best peer", "of best peer", "budget", "of budget"],
    rows: rows.map(cells),
    budgets: rows.map(verdict),
  };
}

function cells({ what, budget, ours, before, peers = {} }: Row): string[] {
  const [best] = Object.entries(peers).sort(([, a], [, b]) => a - b);
  return [
    what,
    exact(ours),
    before === undefined ? "–" : exact(before),
    before ? times(ours, before) : "–",
    best === undefined ? "–" : `${exact(best[1])} (${best[0]})`,
    best?.[1] ? times(ours, best[1]) : "–",
    exact(budget),
    times(ours, budget),
  ];
}

/** Ratios differ in the third digit. */
function exact(value: number): string {
  return Math.abs(value) < 10 ? String(Number(value.toFixed(3))) : show(value);
}

function verdict({ what, budget, ours }: Row): Budget {
  return { what, met: ours <= budget, found: `${exact(ours)}, budget ${exact(budget)}` };
}

async function sizes({ builds }: Bench): Promise<Row[]> {
  const { folder, folderBefore } = builds;
  const names = ["ClientCredentialsAuthenticator", "StaticClientConfigStore"];
  const size = async (top: string | undefined, args?: readonly string[]) =>
    top === undefined ? undefined : await gzippedSize(`${top}/mod.ts`, names, folder, args);
  return [
    {
      what: "one file, bytes gzipped",
      budget: 8_800,
      ours: (await size(root))!,
      before: await size(folderBefore),
    },
    {
      what: "the same, as Cloudflare bundles it",
      budget: 8_000,
      ours: (await size(root, cloudflare))!,
      before: await size(folderBefore, cloudflare),
    },
    {
      what: "three composed pieces",
      budget: 3_788,
      ours: await gzippedSize(
        `${root}/mod.ts`,
        ["refreshing", "authenticatedFetch", "clientCredentials", "clientSecretPost"],
        folder,
      ),
    },
  ];
}

async function cached(bench: Bench): Promise<Row[]> {
  // Figures depend on a process's code layout.
  const runs: Record<string, { ratio: number }>[] = [];
  for (let run = 0; run < (bench.smoke ? 1 : 3); run++) runs.push(await each<{ ratio: number }>(bench, "cached"));
  const found = Object.fromEntries(
    Object.keys(runs[0]!).map((name) => [name, { ratio: median(runs.map((run) => run[name]!.ratio)) }]),
  );
  const [ours, before] = [found["ours"]!, found["0.1.0 before"]];
  const openid = found["openid-client"]!;
  return [
    {
      what: "getCredentials() over a bare clock",
      budget: 1.15,
      ours: ours.ratio,
      before: before?.ratio,
      peers: selectPeers(found, ({ ratio }) => ratio),
    },
    {
      what: "the same, over a cache around openid-client",
      budget: 0.7,
      ours: ours.ratio / openid.ratio,
      before: before && before.ratio / openid.ratio,
    },
  ];
}

async function fetches(bench: Bench): Promise<Row[]> {
  const runtimes = [
    { name: "Node", budget: 1.02, start: await node() },
    { name: "Deno", budget: 1.02, start: [Deno.execPath(), "run", "--quiet", "--no-config", "--no-lock", "-A"] },
    { name: "Bun", budget: 1.025, start: [await bunExecutable()] },
  ];
  const clients = listClients(bench.builds);
  const rows: Row[] = [];
  for (const { name, budget, start } of runtimes) {
    const ratios = await probe<number[]>(bench, "fetch", clients, start);
    const found = Object.fromEntries(clients.map((client, index) => [client.name, ratios[index]!]));
    rows.push(row(`fetch over a bare fetch, ${name}`, budget, found, (ratio) => ratio));
  }
  return rows;
}

async function bytes(bench: Bench): Promise<Row[]> {
  const found = await each<number>(
    bench,
    "bytes",
    "--expose-gc",
    "--min-semi-space-size=256",
    "--max-semi-space-size=256",
  );
  return [row("bytes allocated a call", 960, found, (figure) => figure)];
}

async function connections(bench: Bench): Promise<Row[]> {
  const found = await each<number | null>(bench, "connections");
  return [row("connections a replayed call", 1, found, (figure) => figure)];
}

async function heap(bench: Bench): Promise<Row[]> {
  const alone = await each<number>(bench, "heap", "--expose-gc");
  // The last measurement of all: this process is as full as a service's.
  const here: Record<string, number> = {};
  for (const { name, path } of listClients(bench.builds)) {
    const [library] = Object.values(await import(pathToFileURL(path).href));
    here[name] = (await weigh(library as Library, bench.smoke ? 200 : 50_000)).idle;
  }
  return [
    row("heap of an idle client, alone, bytes", 450, alone, (figure) => figure),
    row("the same, at the end of the whole benchmark, Deno", 450, here, (figure) => figure),
  ];
}

async function entries(bench: Bench): Promise<Row[]> {
  const found = await each<{ live: number; cold: number }>(bench, "entries");
  return [
    row("functions entered, live token", 20, found, ({ live }) => live),
    row("functions entered, cold token request", 70, found, ({ cold }) => cold),
  ];
}

async function outage(bench: Bench): Promise<Row[]> {
  const start = await node();
  // They mostly wait: all at once take no longer than one.
  const found = Object.fromEntries(
    await Promise.all(
      listClients(bench.builds).map(async (client) =>
        [
          client.name,
          await probe<{ p50: number; p99: number; requests: number }>(bench, "outage", [client], start),
        ] as const
      ),
    ),
  );
  return [
    row("outage: wait after the first flight, p50, ms", 50, found, ({ p50 }) => p50),
    row("outage: the same, p99, ms", 1_000, found, ({ p99 }) => p99),
    row("outage: token requests in 25 s", 20, found, ({ requests }) => requests),
  ];
}

async function forwarding({ smoke }: Bench): Promise<Row[]> {
  const ours = await forwardingMemory(smoke ? 2 : 300);
  return [{ what: "memory of a 300 MB upload over bare fetch, workerd, MB", budget: 4, ours }];
}

function row<Found>(
  what: string,
  budget: number,
  found: Readonly<Record<string, Found>>,
  figure: (found: Found) => number | null,
): Row {
  const before = found["0.1.0 before"];
  return {
    what,
    budget,
    ours: figure(found["ours"]!)!,
    before: before === undefined ? undefined : figure(before) ?? undefined,
    peers: selectPeers(found, figure),
  };
}

function selectPeers<Found>(
  found: Readonly<Record<string, Found>>,
  figure: (found: Found) => number | null,
): Record<string, number> {
  const peers: Record<string, number> = {};
  for (const name of compared) {
    const value = found[name] === undefined ? null : figure(found[name]);
    if (value !== null) peers[name] = value;
  }
  return peers;
}
