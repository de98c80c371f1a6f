/**
 * Finds out why a token isn't issued, or isn't accepted.
 *
 * ```ts
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { diagnose, formatDiagnosis } from "@m2m/authenticator/doctor";
 *
 * const diagnosis = await diagnose({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({
 *     tokenEndpoint: "https://auth.example.com/oauth/token",
 *     scopes: ["api:read"],
 *     audience: "https://api.example.com",
 *   }),
 *   request: "/v1/projects",
 * });
 * console.log(formatDiagnosis(diagnosis));
 * ```
 *
 * @module
 */

import { throwInvalid } from "../arguments.ts";
import { callQuietly } from "../events.ts";
import { chooseCause, listRuledOut } from "./conclude.ts";
import type { Check, DiagnoseOptions, Diagnosis } from "./diagnosis.ts";
import { OpenExamination } from "./examine.ts";
import { runStep } from "./run_step.ts";
import { steps } from "./steps.ts";

export type { Check, CheckStatus, DiagnoseOptions, Diagnosis } from "./diagnosis.ts";
export { type DiagnosisCode, diagnosisCodes } from "./codes.ts";
export { formatCheck, formatDiagnosis, type FormatOptions, formatSummary } from "./format.ts";

/**
 * Finds out why a token isn't issued, or why the API doesn't accept it.
 *
 * It looks at options, settings, names, proxies, connections, certificates, the token endpoint, client authentication, the
 * token and the API, in this order, and sends real requests: at most `maxTokenRequests` with credentials, and GETs to the
 * API. No text of the diagnosis holds a secret or a token. Wrong options are no error but a check.
 *
 * @example What is wrong, for a program
 * ```ts
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { diagnose } from "@m2m/authenticator/doctor";
 *
 * const { isFine, cause } = await diagnose({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "not my secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * console.log(isFine, cause?.code, cause?.change);
 * ```
 *
 * @param options The options of the authenticator that doesn't work, and those of the diagnosis.
 * @returns What was looked at, and what explains the failure.
 * @throws {TypeError} If there are no options.
 * @throws The signal's reason, once it is aborted.
 */
export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  if (typeof options !== "object" || options === null) throwInvalid("options", "an object", options);
  options.signal?.throwIfAborted();
  const examination = new OpenExamination(options);
  const checks: Check[] = [];
  try {
    for (const step of steps) {
      for (const check of await runStep(step, examination)) {
        checks.push(check);
        if (options.onCheck) callQuietly(options.onCheck, check);
      }
    }
  } finally {
    await examination.close();
  }
  const cause = chooseCause(checks);
  return {
    isFine: cause === undefined && examination.facts.issued !== undefined,
    ...cause && { cause },
    checks,
    ruledOut: listRuledOut(checks),
    tokenRequests: examination.tokenRequests,
    runtime: globalThis.navigator?.userAgent ?? "unknown",
  };
}
