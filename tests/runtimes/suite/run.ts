/**
 * Runs the suite: what is told goes in as data, and what came of it comes out as data.
 *
 * @module
 */

import { cases } from "./cases.ts";
import type { Case, CaseResult, SuiteInput } from "./case.ts";
import { World } from "./world.ts";

/** How many cases run at once: most of them wait for a server most of the time. */
const lanes = 6;
/** How long a case may take, in milliseconds. */
const patience = 20_000;

/** Runs all cases; resolves to one result each, in their order. */
export async function runSuite(input: SuiteInput): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < cases.length; index = next++) {
      results[index] = await runCase(cases[index] as Case, input);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

async function runCase({ name, needs = [], run }: Case, input: SuiteInput): Promise<CaseResult> {
  const missing = needs.find((trait) => input.lacks[trait] !== undefined);
  if (missing !== undefined) return { name, ok: true, notApplicable: input.lacks[missing] as string };
  const world = new World(input);
  let timer;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`It wasn't over within ${patience} ms.`)), patience);
    });
    await Promise.race([run(world), late]);
    return { name, ok: true };
  } catch (error) {
    return { name, ok: false, error: describe(error) };
  } finally {
    clearTimeout(timer);
    await world.close().catch(() => {});
  }
}

function describe(error: unknown): string {
  const { name, message, stack = "" } = Object(error);
  return String(stack).includes(message) ? String(stack) : `${name}: ${message}\n${stack}`;
}
