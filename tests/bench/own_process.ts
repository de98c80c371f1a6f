/**
 * Measurements in processes of their own: see `probes/`.
 *
 * @module
 */

import { nodeExecutable } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { root } from "../std/source.ts";
import type { Builds, Bundled } from "./builds.ts";

/** What is measured, and how thoroughly. */
export interface Bench {
  readonly builds: Builds;
  readonly api: string;
  readonly smoke: boolean;
}

/** Clients that have a cache or a replay, or the usual lines around them, and run without a network. */
export const compared: readonly string[] = ["@badgateway/oauth2-client", "openid-client"];

/** Those that are compared: this build first. */
export function clientsOf({ ours, before, peers }: Builds): Bundled[] {
  return [ours, ...before ? [before] : [], ...peers.filter(({ name }) => compared.includes(name))];
}

/** How Node is started. */
export async function node(...args: string[]): Promise<string[]> {
  return [await nodeExecutable("24.21.0"), ...args];
}

/** Runs a probe for one client after the other, each in a process of its own, on Node. */
export async function each<Found>(bench: Bench, name: string, ...args: string[]): Promise<Record<string, Found>> {
  const start = await node(...args);
  const found: Record<string, Found> = {};
  const runs = clientsOf(bench.builds).map((client) => async () => {
    found[client.name] = await probe<Found>(bench, name, [client], start);
  });
  // Together they would wait for each other, which only matters where figures do.
  if (bench.smoke) await Promise.all(runs.map((run) => run()));
  else for (const run of runs) await run();
  return found;
}

/** Runs a probe to its end. */
export async function probe<Found>(
  { api, smoke }: Bench,
  name: string,
  clients: readonly Bundled[],
  [executable, ...args]: readonly string[],
): Promise<Found> {
  const input = JSON.stringify({ smoke, api, clients: clients.map(({ path }) => path) });
  const { success, stdout, stderr } = await runToEnd(executable!, {
    args: [...args, `${root}/tests/bench/probes/${name}.ts`, input],
    timeout: 120_000,
  });
  if (!success) throw new Error(`the probe of ${name} failed: ${stderr}`);
  return JSON.parse(stdout) as Found;
}
