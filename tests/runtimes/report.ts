/** Runs the portable suite on a runtime, and reports a line of the table. @module */
import { assert } from "@std/assert";
import { startStageServer } from "./stage_server.ts";
import type { CaseResult, SuiteInput } from "./suite/case.ts";
import { quotedSecret } from "./suite/planted.ts";

/** A line of the table. */
export interface Row {
  readonly runtime: string;
  readonly version: string;
  readonly passed: number;
  readonly failed: number;
  readonly notApplicable: number;
}

/** A runtime, and the traits it lacks. */
export interface Platform extends Pick<Row, "runtime" | "version">, Pick<SuiteInput, "lacks"> {}

/** The results of a run. */
export interface SuiteRun {
  readonly results: readonly CaseResult[];
  /** All that the runtime printed meanwhile. */
  readonly printed: string;
}

/** How many cases a runtime must have passed. */
const enough = 60;

/** The environment, which all modules of one test run share, has the rows. */
const variable = "SUITE_ROWS";

/** The rows of this test run so far. */
export function rows(): Row[] {
  return JSON.parse(Deno.env.get(variable) ?? "[]");
}

/** Runs the suite by `run`, prints a line, and fails where a case failed or too few ran. */
export async function testSuite(
  { runtime, version, lacks }: Platform,
  run: (input: SuiteInput) => Promise<SuiteRun>,
): Promise<void> {
  await using stage = await startStageServer();
  const { results, printed } = await run({ stage: stage.origin, real: stage.real, lacks });
  const all = [...results, searchPrinted(printed)];
  const failures = all.filter(({ ok }) => !ok);
  const notApplicable = all.filter((result) => result.notApplicable !== undefined).length;
  const passed = all.length - failures.length - notApplicable;
  const row = { runtime, version, passed, failed: failures.length, notApplicable };
  Deno.env.set(variable, JSON.stringify([...rows(), row]));
  console.log(table([row]));

  const texts = failures.map(({ name, error = "" }) => `${name}\n${error.replace(/^/gm, "    ")}`);
  assert(failures.length === 0, `${failures.length} cases failed on ${runtime} ${version}:\n${texts.join("\n")}`);
  assert(passed >= enough, `Only ${passed} cases ran on ${runtime} ${version}.`);
}

/** The last case: secrets in what was printed. */
function searchPrinted(printed: string): CaseResult {
  const name = "console: has printed no secret and no token";
  // A case prints on purpose: without its line the search would find nothing for the wrong reason.
  if (!printed.includes("printed:")) return { name, ok: false, error: `Nothing was printed: ${printed}` };
  const found = ["planted", ...quotedSecret].map((secret) => printed.indexOf(secret)).find((index) => index >= 0);
  if (found === undefined) return { name, ok: true };
  return { name, ok: false, error: `…${printed.slice(Math.max(0, found - 300), found + 100)}…` };
}

/** The rows in columns. */
export function table(rows: readonly Row[]): string {
  return rows.map(({ runtime, version, passed, failed, notApplicable }) => {
    const counts = `${passed} passed  ${failed} failed  ${notApplicable} not applicable`;
    return `${runtime.padEnd(24)}  ${version.padEnd(34)}  ${counts}`;
  }).join("\n");
}
