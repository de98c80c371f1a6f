/**
 * Limits that the servers state.
 *
 * @module
 */

import { formatDuration } from "../durations.ts";
import type { Exchange, Finding, Step } from "../examination.ts";
import { readRateLimit } from "../rate_limits.ts";

const name = "rate limits";

/** Remarks on the limits, if the token endpoint or the API state any. */
export const rateLimits: Step = {
  name,
  run({ facts }) {
    const servers = [["token endpoint", facts.issued?.exchanges.at(-1)], ["API", facts.apiAnswers.at(-1)]] as const;
    return servers.flatMap(([server, answer]) => answer ? describeLimit(server, answer) : []);
  },
};

function describeLimit(server: string, answer: Exchange): Finding[] {
  const found = readRateLimit(answer);
  if (!found) return [];
  const { limit, remaining, reset } = found;
  const state = [
    remaining === undefined
      ? `${limit} requests are allowed`
      : `${remaining}${limit === undefined ? "" : ` of ${limit}`} left`,
    ...reset === undefined ? [] : [`reset in ${formatDuration(reset)}`],
  ].join(", ");
  const seen = `The ${server} limits requests: ${state}.`;
  const isLow = remaining !== undefined && remaining <= Math.max(1, (limit ?? 0) / 20);
  if (!isLow || answer.status === 429) return [{ name, status: "passed", seen }];
  const change = server === "API"
    ? "Call the API less often, or have the limit raised."
    : "Keep one authenticator for the whole program: it requests a token once for its lifetime.";
  return [{ name, status: "warned", code: "rate_limited", seen, change }];
}
