/**
 * Runs one step of a diagnosis.
 *
 * @module
 */

import { callQuietly } from "../events.ts";
import { rootMessage } from "../http/network_errors.ts";
import { withDeadline } from "../refresh/deadlines.ts";
import type { Check } from "./diagnosis.ts";
import type { Examination, Finding, Need, Step } from "./examination.ts";
import type { OpenExamination } from "./examine.ts";
import { findApiUrl, findTokenEndpoint } from "./targets.ts";

/** How much later than its own time limits a step ends, in milliseconds: they say more. */
const grace = 5_000;

/** Runs a step, or says why it is skipped. Rejects with the signal's reason alone. */
export async function runStep(step: Step, examination: OpenExamination): Promise<Check[]> {
  const { options: { onStep }, signal, stepTimeout } = examination;
  const { name, needs = [], patience = 1 } = step;
  const obstacle = findObstacle(needs, examination);
  if (obstacle !== undefined) return [{ name, status: "skipped", seen: obstacle, duration: 0 }];
  if (onStep) callQuietly(onStep, name);
  const started = performance.now();
  const timeout = stepTimeout * patience + grace;
  const error = () => new Error(`it took longer than ${timeout} ms`);
  let findings: readonly Finding[];
  try {
    const found = await withDeadline({ timeout, signal, error }, async () => await step.run(examination));
    findings = found.map((finding) => redactFinding(finding, examination));
  } catch (error) {
    signal.throwIfAborted();
    const seen = `The check itself failed: ${examination.redact(rootMessage(error))}.`;
    findings = [{ name, status: "warned", code: "unexplained", seen }];
  }
  const duration = Math.round(performance.now() - started);
  return findings.map((finding) => ({ ...finding, duration }));
}

function redactFinding(finding: Finding, examination: OpenExamination): Finding {
  const { seen, change } = finding;
  return {
    ...finding,
    seen: examination.redactOwn(seen),
    ...change !== undefined && { change: examination.redactOwn(change) },
  };
}

/** Says why a step can't be made, if it can't. */
function findObstacle(needs: readonly Need[], examination: Examination): string | undefined {
  const { facts } = examination;
  const explainUnreached = (what: string, url: URL | undefined) => {
    if (!url) return `Not looked at: ${what} isn't known.`;
    return facts.unreachable.has(url.origin) ? `Not looked at: ${url.origin} can't be reached.` : undefined;
  };
  const obstacles: Record<Need, string | undefined> = {
    "settings": facts.settings ? undefined : "Not looked at: the settings aren't known.",
    "token endpoint": explainUnreached("the token endpoint", findTokenEndpoint(examination)),
    "token request": facts.noTokenRequest,
    "token": facts.issued ? undefined : "Not looked at: no token was issued.",
    "API": explainUnreached("the API's URL", findApiUrl(examination)),
  };
  return needs.map((need) => obstacles[need]).find((obstacle) => obstacle !== undefined);
}
