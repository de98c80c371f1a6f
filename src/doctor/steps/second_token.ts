/**
 * A second token: whether it differs, and what becomes of the first.
 *
 * @module
 */

import { callApi } from "../api_call.ts";
import { formatDuration } from "../durations.ts";
import type { Examination, Finding, Step } from "../examination.ts";
import { readRateLimit } from "../rate_limits.ts";
import { tryToken } from "../token_attempts.ts";
import { describeRefusal } from "../token_refusal.ts";

const name = "second token";

/** Requests a second token, where a request is left. */
export const secondToken: Step = {
  name,
  needs: ["token"],
  patience: 3,
  async run(examination) {
    const { facts } = examination;
    const { credentials: first, exchanges } = facts.issued!;
    const last = exchanges.at(-1);
    if ((last && readRateLimit(last)?.remaining || Infinity) < 2) {
      return [{ name, status: "skipped", seen: "Not requested: the server's limit is nearly reached." }];
    }
    const attempt = await tryToken(examination, facts.working ?? {});
    if (!attempt) return [{ name, status: "skipped", seen: "Not requested: maxTokenRequests have been sent." }];
    const { credentials: second } = attempt;
    if (!second) {
      const seen = `A second request gets no token: ${describeRefusal(attempt, examination)}.`;
      const change = "Keep one authenticator for the whole program, so that tokens are requested rarely.";
      const code = attempt.exchanges.at(-1)?.status === 429 ? "rate_limited" : "token_request_refused";
      return [{ name, status: "warned", code, seen, change }];
    }
    if (second.accessToken === first.accessToken) {
      const left = second.expiresAt === undefined
        ? ""
        : `, which lives for ${
          formatDuration(second.expiresAt - (attempt.exchanges.at(-1)?.receivedAt ?? Date.now()))
        } from now on`;
      const seen = `A second request gets the same token${left}.`;
      const change =
        "Nothing, as a rule; but a refresh before its end, or after the API rejects it, brings no new one.";
      return [{ name, status: "warned", code: "same_token", seen, change }];
    }
    return [
      facts.isTokenAccepted ? await tryFirstAgain(examination) : {
        name,
        status: "passed",
        seen: "A second request gets another token.",
      },
    ];
  },
};

/** Whether the API still accepts the first token, as it did. */
async function tryFirstAgain(examination: Examination): Promise<Finding> {
  const { answer, isRejected } = await callApi(examination);
  if (!answer || !isRejected && answer.status < 400) {
    const seen = "A second request gets another token, and the API still accepts the first.";
    return { name, status: "passed", seen };
  }
  if (!isRejected) return { name, status: "passed", seen: "A second request gets another token." };
  const seen = `A second request gets another token, and the API then rejects the first: ${answer.status}.`;
  const change = `Share one token between all processes of this client by ${
    examination.nameOption("tokenStore")
  }, or give each a client of its own: each new token ends the one before.`;
  return { name, status: "warned", code: "previous_revoked", seen, change };
}
