/** Runs the suite. @module */
import { aborts } from "./aborts.ts";
import { apiAnswers } from "./api_answers.ts";
import { bodies } from "./bodies.ts";
import type { Case, CaseResult, SuiteInput } from "./case.ts";
import { failures } from "./failures.ts";
import { options } from "./options.ts";
import { printing } from "./printing.ts";
import { realServers } from "./real_servers.ts";
import { redirects } from "./redirects.ts";
import { refreshes } from "./refreshes.ts";
import { rejectedTokens } from "./rejected_tokens.ts";
import { tokenAnswers } from "./token_answers.ts";
import { tokenRequests } from "./token_requests.ts";
import { use } from "./use.ts";
import { World } from "./world.ts";

const cases: readonly Case[] = [
  ...[realServers, options, use, tokenRequests, tokenAnswers, failures],
  ...[refreshes, rejectedTokens, bodies, redirects, apiAnswers, aborts, printing],
].flat();

/** How many cases run at once: most of them wait for a server most of the time. */
const lanes = 6;
/** How long a case may take, in milliseconds. */
const patience = 20_000;

/** Runs all cases; resolves to one result each, in their order. */
export async function runSuite(input: SuiteInput): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  const waiting = [...cases.entries()].values();
  const lane = async () => {
    for (const [index, it] of waiting) results[index] = await runCase(it, input);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return results;
}

async function runCase({ name, needs, run }: Case, input: SuiteInput): Promise<CaseResult> {
  const missing = needs.find((trait) => input.lacks[trait] !== undefined);
  if (missing !== undefined) return { name, ok: true, notApplicable: input.lacks[missing] as string };
  const world = new World(input);
  let timer;
  try {
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`Not done within ${patience} ms.`)), patience);
    });
    await Promise.race([run(world), late]);
    return { name, ok: true };
  } catch (error) {
    const { name: kind, message, stack = "" } = Object(error);
    return { name, ok: false, error: String(stack).includes(message) ? stack : `${kind}: ${message}\n${stack}` };
  } finally {
    clearTimeout(timer);
    await world.close().catch(() => {});
  }
}
