/** Runs the suite. @module */
import { within } from "../within.ts";
import { aborts } from "./aborts.ts";
import { apiAnswers } from "./api_answers.ts";
import { bodies } from "./bodies.ts";
import type { Case, CaseResult, SuiteInput } from "./case.ts";
import { failures } from "./failures.ts";
import { keys } from "./keys.ts";
import { options } from "./options.ts";
import { printing } from "./printing.ts";
import { realServers } from "./real_servers.ts";
import { redirects } from "./redirects.ts";
import { refreshes } from "./refreshes.ts";
import { sharedTokenCases } from "./shared_tokens.ts";
import { caseByAnswer } from "./token_answers.ts";
import { tokenRequests } from "./token_requests.ts";
import { use } from "./use.ts";
import { ask, World } from "./world.ts";

const cases: readonly Case[] = [
  ...[realServers, options, use, tokenRequests, failures],
  ...[refreshes, bodies, redirects, apiAnswers, aborts, printing, keys, sharedTokenCases],
].flat();

/** Runs all cases, and sends the stage one result each. */
export async function runSuite(input: SuiteInput): Promise<void> {
  const results: CaseResult[] = [];
  const waiting = [...cases, ...caseByAnswer(input)].values();
  const lane = async () => {
    for (const it of waiting) results.push(await runCase(it, input));
  };
  // Most cases wait for a server most of the time.
  await Promise.all(Array.from({ length: 6 }, lane));
  await ask(`${input.stage}/results`, results);
}

async function runCase({ name, needs, run }: Case, input: SuiteInput): Promise<CaseResult> {
  if (needs.some((trait) => input.lacks.includes(trait))) return { name, isImpossible: true };
  try {
    await within(20_000, "end the case", Promise.resolve(run(new World(input))));
    return { name };
  } catch (error) {
    return { name, error: `${error}\n${Object(error).stack}` };
  }
}
