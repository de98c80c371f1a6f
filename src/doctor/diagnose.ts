/**
 * Finds out why a token isn't issued, or isn't accepted.
 *
 * @module
 */

import type { DiagnoseOptions, Diagnosis } from "./diagnosis.ts";

export type { Check, CheckStatus, DiagnoseOptions, Diagnosis } from "./diagnosis.ts";
export { type DiagnosisCode, diagnosisCodes } from "./codes.ts";
export { formatCheck, formatDiagnosis, type FormatOptions, formatSummary } from "./format.ts";

export async function diagnose(_options: DiagnoseOptions): Promise<Diagnosis> {
  throw new Error("to do");
}
