/** Measurements in processes of their own: see `probes/`. @module */

import { nodeExecutable } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { root } from "../std/source.ts";
import type { Builds, Bundled } from "./builds.ts";

/** A run's builds and effort. */
export interface Bench {
  readonly builds: Builds;
  readonly api: string;
  readonly smoke: boolean;
}

/** The peers that cache or replay, by themselves or with a few lines, and run without a network. */
export const compared: readonly string[] = ["@badgateway/oauth2-client", "openid-client"];

/** The compared clients, this build first. */
export function listClients({ ours, before, peers }: Builds): Bundled[] {
  return [ours, ...before ? [before] : [], ...peers.filter(({ name }) => compared.includes(name))];
}

/** Node's command line. */
export async function node(...args: string[]): Promise<string[]> {
  return [await nodeExecutable("24.21.0"), ...args];
}

/** Runs a probe on Node for each client, in a process of its own. */
export async function each<Found>(bench: Bench, name: string, ...args: string[]): Promise<Record<string, Found>> {
  const start = await node(...args);
  const found: Record<string, Found> = {};
  const runs = listClients(bench.builds).map((client) => async () => {
    found[client.name] = await probe<Found>(bench, name, [client], start);
  });
  // Together they would slow each other down, which a smoke test ignores.
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
