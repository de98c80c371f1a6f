/**
 * Tells by an API's answer what it says of the token.
 *
 * @module
 */

import { isRedirect } from "../api_call/redirects.ts";
import { rejectsToken } from "../api_call/rejection.ts";
import { parseJsonObject } from "../http/json.ts";
import { type Challenge, parseChallenges } from "../http/www_authenticate.ts";
import { isHtml } from "./discovery_answers.ts";
import type { Examination, Exchange } from "./examination.ts";
import { describeBody } from "./token_refusal.ts";

/** What an answer says. */
export type ApiVerdict =
  | "accepted"
  | "rejected"
  | "scope"
  | "forbidden"
  | "header"
  | "certificate"
  | "proxy login"
  | "not found"
  | "redirect"
  | "page"
  | "limited"
  | "failed"
  | "unclear";

/** What an answer is compared with. */
export interface ApiAnswerContext {
  /** The answer to the same request without a token. */
  readonly bare: Pick<Exchange, "status"> | undefined;
  /** The length of the header line with the token. */
  readonly headerLength: number;
  /** Whether the options' `isRejected` says so. */
  readonly isRejected: boolean;
}

type Answer = Pick<Exchange, "status" | "headers" | "text">;

const aboutTarget = /audience|\baud\b|\bissuer\b/i;
/** Shorter ones are refused by no known gateway. */
const shortestRefused = 4_000;

/** Classifies an API's answer to a call with the token. */
export function classifyApiAnswer(answer: Answer, { bare, headerLength, isRejected }: ApiAnswerContext): ApiVerdict {
  const { status, headers, text } = answer;
  const said = `${headers.get("www-authenticate")} ${text}`;
  const isLong = headerLength > shortestRefused;
  if (isLong && [400, 413, 414, 431, 494].includes(status)) {
    if (status !== 400 || bare?.status !== 400 || /header|cookie|too (large|long|big)/i.test(text)) return "header";
  }
  if (
    [400, 401, 403, 495, 496].includes(status) &&
    /ssl certificate|client.certificate|certificate (is )?required|x5t#S256/i.test(said)
  ) {
    return "certificate";
  }
  if (status === 407) return "proxy login";
  if (/^40[13]$/.test(String(status)) && readWantedScopes(answer)) return "scope";
  if (
    status === 403 && /Missing Authentication Token|Authorization header requires|not a valid key=value/i.test(text)
  ) {
    return "not found";
  }
  if (isRejected || rejectsToken(answer)) return "rejected";
  // Envoy says so of a token that is for another API.
  if (status === 403) return bare?.status !== 403 && aboutTarget.test(said) ? "rejected" : "forbidden";
  if (status === 404 || status === 410) return "not found";
  if (status === 429) return "limited";
  if (status >= 500) return "failed";
  if (isRedirect(answer)) return "redirect";
  if (status >= 200 && status < 300) return isHtml(answer) ? "page" : "accepted";
  // The token comes first: what is refused after it is something else.
  return bare && /^40[13]$/.test(String(bare.status)) ? "accepted" : "unclear";
}

/** The challenges of an answer. */
export function readChallenges({ headers }: Pick<Answer, "headers">): Challenge[] {
  return parseChallenges(headers.get("www-authenticate"));
}

/** The challenge with this error (RFC 6750 §3.1), if there is one. */
function findChallenge(answer: Pick<Answer, "headers">, error: string): Challenge | undefined {
  return readChallenges(answer).find(({ parameters }) => parameters.get("error") === error);
}

/** The scopes that an answer says are wanted, by its challenge or its body; `undefined` if it says no such thing. */
export function readWantedScopes(answer: Pick<Answer, "headers" | "text">): string[] | undefined {
  const challenge = findChallenge(answer, "insufficient_scope");
  const { error, scope } = parseJsonObject(answer.text) ?? {};
  if (!challenge && error !== "insufficient_scope") return undefined;
  return (challenge?.parameters.get("scope") ?? (typeof scope === "string" ? scope : "")).split(" ").filter(Boolean);
}

/** Describes an answer for a sentence: `401 (Bearer: invalid_token "The token was revoked")`. */
export function describeAnswer(answer: Exchange, examination: Pick<Examination, "redact">): string {
  // Amazon API Gateway leaves the commas out.
  const find = (parameter: string) =>
    new RegExp(`\\s${parameter}="([^"]+)"`).exec(answer.headers.get("www-authenticate") ?? "")?.[1];
  const challenges = readChallenges(answer).map(({ scheme, parameters }) => {
    const error = parameters.get("error") ?? find("error");
    const description = parameters.get("error_description") ?? find("error_description");
    const said = [error, description && `"${description}"`].filter(Boolean).join(" ");
    const name = scheme === "dpop" ? "DPoP" : scheme[0]!.toUpperCase() + scheme.slice(1);
    return said ? `${name}: ${said}` : name;
  });
  const isFine = answer.status >= 200 && answer.status < 300;
  const body = isFine && !isHtml(answer) ? undefined : describeBody(answer, examination);
  const isTold = challenges.some((each) => each.includes(' "')) || /^(unauthorized|forbidden)$/i.test(body ?? "");
  const said = [...challenges.slice(0, 3), ...body && !(isTold && challenges.length > 0) ? [`"${body}"`] : []].join(
    ", ",
  );
  return examination.redact(said ? `${answer.status} (${said})` : String(answer.status));
}

/** Whether a page asks to sign in. */
export function isSignIn({ text }: Pick<Answer, "text">): boolean {
  return /sign.?in|log.?in|password|single.sign|saml/i.test(text);
}

/** Whether two answers are the same, as far as they tell of a token. */
export function isSameAnswer(a: Answer, b: Answer): boolean {
  return a.status === b.status && a.headers.get("www-authenticate") === b.headers.get("www-authenticate");
}
