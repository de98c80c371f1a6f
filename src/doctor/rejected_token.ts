/**
 * Finds out why an API rejects the token: another header, another scheme, a delay, DPoP, or the token itself.
 *
 * @module
 */

import { getProofError } from "../dpop/challenge.ts";
import { sleep } from "../refresh/deadlines.ts";
import { describeAnswer, isSameAnswer, readChallenges } from "./api_answer.ts";
import { callApi } from "./api_call.ts";
import type { DiagnosisCode } from "./codes.ts";
import { formatDuration } from "./durations.ts";
import type { Exchange, Finding } from "./examination.ts";
import { dpopValue, nameSetting } from "./name_setting.ts";
import { readHeaderKey, tokenSchemes, tryOtherHeaders, type UnseenToken } from "./other_headers.ts";
import { readOwnProofs } from "./own_proofs.ts";
import { readJwt, readMoment, readTexts } from "../jwt/read_jwt.ts";
import { describeMissingNonce, explainRejectedProof } from "./rejected_proof.ts";
import { explainByResource } from "./resource_metadata.ts";
import type { TokenDoubt } from "./token_doubts.ts";

/** A token that was rejected. */
export interface RejectedToken extends UnseenToken {
  readonly doubts: readonly TokenDoubt[];
}

const name = "API call";
const aboutAudience = /audience|\baud\b/i;
const aboutIssuer = /issuer|\biss\b/i;
/** How long a new token may take to be known everywhere, in milliseconds. */
const lag = 1_500;

/** Finds out why. */
export async function explainRejectedToken(rejected: RejectedToken): Promise<Finding> {
  const { examination, answer } = rejected;
  return await explainProof(rejected) ?? await tryOtherHeaders(rejected) ?? explainByScheme(rejected) ??
    await explainByResource(examination, answer, describeAnswer(answer, examination)) ?? await tryAgain(rejected) ??
    explainByTime(rejected) ?? explainByDoubts(rejected) ?? explainByChallenge(rejected);
}

async function explainProof({ examination, answer }: RejectedToken): Promise<Finding | undefined> {
  const { options, facts } = examination;
  const { tokenType } = facts.issued!.credentials;
  const refusal = describeAnswer(answer, examination);
  const schemes = readChallenges(answer).map(({ scheme }) => scheme);
  const usesDpop = tokenType.toLowerCase() === "dpop";
  if (!usesDpop) {
    if (!schemes.includes("dpop") || schemes.includes("bearer")) return undefined;
    const seen = `The API wants DPoP, and the token is a ${tokenType} token: ${refusal}.`;
    const change = options.dpop
      ? "Have the authorization server issue DPoP-bound tokens for this client."
      : `Set ${nameSetting(examination.nameOption, "dpop", dpopValue)}.`;
    return { name, status: "failed", code: "dpop_required", seen, change };
  }
  if (schemes.length > 0 && !schemes.includes("dpop")) {
    const seen = `The API asks for a Bearer token (${refusal}), and the token is bound to a DPoP key.`;
    const change = `Remove ${examination.nameOption("dpop")}, or have the API take DPoP tokens.`;
    if (schemes.includes("bearer")) return { name, status: "failed", code: "api_rejects_token", seen, change };
  }
  const error = getProofError(answer);
  if (error === "use_dpop_nonce") {
    const seen = describeMissingNonce("The API", refusal, answer.headers.has("dpop-nonce"));
    const change = "Have the gateway in front of the API pass DPoP-Nonce on, and its instances share their nonces.";
    return { name, status: "failed", code: "dpop_nonce_required", seen, change };
  }
  if (error !== "invalid_dpop_proof" && !/\bproof\b|htu|htm/i.test(refusal)) return undefined;
  return explainRejectedProof({ examination, own: await readOwnProofs(examination), answer, refusal, name });
}

/** By another scheme than those of tokens. */
function explainByScheme({ examination, answer }: RejectedToken): Finding | undefined {
  const schemes = readChallenges(answer).map(({ scheme }) => scheme);
  if (schemes.length === 0 || schemes.some((scheme) => tokenSchemes.test(scheme))) return undefined;
  const seen = `The API rejects the token: ${
    describeAnswer(answer, examination)
  }. It, or a gateway before it, asks for another scheme than Bearer.`;
  const change =
    `Give what stands before the API the credentials of its own that it asks for (in another header), or ` +
    `call the API at an ${examination.nameOption("endpoint")} without it.`;
  return { name, status: "failed", code: "api_rejects_token", seen, change };
}

async function tryAgain({ examination, answer }: RejectedToken): Promise<Finding | undefined> {
  await sleep(lag, examination.signal);
  const { answer: again, isRejected } = await callApi(examination);
  if (!again || isRejected || again.status >= 400) return undefined;
  const seen = `The API rejects the new token at first (${
    describeAnswer(answer, examination)
  }), and accepts the same one ${lag / 1_000} s later: ${again.status}.`;
  const change =
    "Nothing, in a program that runs on: a rejected new token is replaced by its predecessor while that lives. " +
    "After a start, try the call again after a second or two.";
  return { name, status: "warned", code: "replication_lag", seen, change };
}

/** By the API's own clock. */
function explainByTime({ examination, answer }: RejectedToken): Finding | undefined {
  const jwt = readJwt(examination.facts.issued!.credentials.accessToken);
  const now = Date.parse(answer.headers.get("date") ?? "");
  if (!jwt || Number.isNaN(now)) return undefined;
  const begins = Math.max(readMoment(jwt, "nbf") ?? 0, readMoment(jwt, "iat") ?? 0) - now;
  const ended = now - (readMoment(jwt, "exp") ?? Infinity);
  if (begins <= 2_000 && ended <= 0) return undefined;
  const when = begins > 2_000
    ? `isn't valid before ${formatDuration(begins)} from now`
    : `ended ${formatDuration(ended)} ago`;
  const seen = `The API rejects the token (${
    describeAnswer(answer, examination)
  }), which by the API's clock (its Date) ${when}: the clocks of the API and of the authorization server differ.`;
  const change =
    "Synchronize the clocks of the API and the authorization server, or allow for the difference in the API's " +
    "check of tokens.";
  return { name, status: "failed", code: "api_rejects_token", seen, change };
}

function explainByDoubts({ examination, answer, doubts }: RejectedToken): Finding | undefined {
  const refusal = describeAnswer(answer, examination);
  const named = aboutAudience.test(refusal)
    ? "audience_mismatch"
    : aboutIssuer.test(refusal)
    ? "issuer_unexpected"
    : undefined;
  const relevant = doubts.filter(({ code }) => /^(audience|issuer|dpop|client_certificate|scope)/.test(code))
    .sort((a, b) => Number(a.isWeak ?? false) - Number(b.isWeak ?? false));
  const doubt = relevant.find(({ code }) => code === named) ?? (named ? undefined : relevant[0]);
  if (!doubt) return undefined;
  const isCertain = doubt.code === named;
  const seen = `The API rejects the token: ${refusal}. ${isCertain ? "" : "Most likely: "}${
    isCertain ? doubt.seen : doubt.seen[0]!.toLowerCase() + doubt.seen.slice(1)
  } ${listRuledOut(answer)}.`;
  return { name, status: "failed", code: doubt.code, seen, change: doubt.change };
}

function listRuledOut({ headers }: Exchange): string {
  return `Ruled out: another header, a delay${headers.has("date") ? ", the clocks" : ""}`;
}

function explainByChallenge({ examination, answer, bare }: RejectedToken): Finding {
  const { nameOption } = examination;
  const refusal = describeAnswer(answer, examination);
  const fail = (code: DiagnosisCode, seen: string, change: string): Finding => ({
    name,
    status: "failed",
    code,
    seen: `The API rejects the token: ${refusal}. ${seen}`,
    change,
  });
  const jwt = readJwt(examination.facts.issued!.credentials.accessToken);
  const ruledOut = listRuledOut(answer);
  if (aboutAudience.test(refusal)) {
    const audiences = readTexts(jwt?.claims.aud).join(", ") || "not known: the token is opaque, or names none";
    const change = `Set ${nameOption("audience")} (or ${
      nameOption("resource")
    }) to the identifier that the API expects.`;
    return fail("audience_mismatch", `The token's audience is ${audiences}. ${ruledOut}.`, change);
  }
  if (bare && isSameAnswer(answer, bare) && !/error=/.test(String(answer.headers.get("www-authenticate")))) {
    const own = readHeaderKey(examination);
    const seen = `It answers so without a token, too: the header ${own} may get lost on the way. ${ruledOut}.`;
    const change = `Check that the gateways before the API pass ${own} on, and which header the API reads (${
      nameOption("headerKey")
    }); then whether it trusts this authorization server.`;
    return fail("api_rejects_token", seen, change);
  }
  const code = aboutIssuer.test(refusal) ? "issuer_unexpected" : "api_rejects_token";
  if (jwt) {
    const change = `Check that the API trusts this issuer and its keys, and wants this ${
      nameOption("audience")
    } (to the letter: ${readTexts(jwt.claims.aud).join(", ") || "none"}) and these ${nameOption("scopes")}.`;
    return fail(code, `${ruledOut}.`, change);
  }
  const change = `Check whether the API takes JWTs only: then ask for another ${nameOption("audience")} or ${
    nameOption("resource")
  }, for which the server issues JWTs; and whether it trusts this authorization server.`;
  return fail(code, `${ruledOut}; the token is opaque.`, change);
}
