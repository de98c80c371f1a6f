/**
 * Asks a server for a JSON object that it publishes, and says of anything else what it is.
 *
 * @module
 */

import { AuthenticationError, type AuthenticationErrorCode } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import { parseJsonObject } from "../http/json.ts";
import { failureMessage, isDenied } from "../http/network_errors.ts";
import { readBody } from "../http/body.ts";
import { parseRetryAfter } from "../http/retry_after.ts";

/** Who is asked for what, and what to do where it isn't there. */
export interface DocumentRequest {
  readonly fetch: Fetch;
  /** What is asked for, as messages say it: `the metadata of https://auth.example.com`. */
  readonly what: string;
  /** Who is asked, as messages say it. */
  readonly server: string;
  /** Follows on what is wrong with an answer. */
  readonly advice: DocumentAdvice;
  /** The time in milliseconds since the epoch, for a `Retry-After` that is a date. */
  readonly now: () => number;
  /** Statuses by which this server says as well that it has no such document. Default: none. */
  readonly alsoAbsent?: readonly number[];
}

/** What to do, by what came in place of the document. */
export interface DocumentAdvice {
  /** For what is no document at all. */
  readonly check: string;
  /** For 404, 410 and 501. */
  readonly absent: string;
  /** For a redirect. */
  readonly redirect: string;
  /** For a web page. */
  readonly page: string;
}

/** What a server was asked for, or why a place has nothing of use. */
export type Answer<T> = { readonly ok: T } | { readonly miss: Miss };

/** A JSON object, not judged yet. */
export type Document = Readonly<Record<string, unknown>>;

/** Why a place has nothing of use. */
export interface Miss {
  readonly code: AuthenticationErrorCode;
  /** What is wrong, to follow on the place. Nothing of the answer's body is in it. */
  readonly reason: string;
  readonly advice: string;
  readonly status?: number | undefined;
  readonly retryable?: boolean;
  /** In milliseconds. */
  readonly retryAfter?: number | undefined;
}

/** The same, and which place that is. */
export interface PlacedMiss extends Miss {
  readonly place: string;
}

/**
 * The object at this URL, or what is there instead. What can't be reached at all is thrown as an `AuthenticationError`.
 */
export async function requestDocument(
  url: string,
  request: DocumentRequest,
  init: Pick<RequestInit, "method" | "body"> & { headers?: Record<string, string>; signal: AbortSignal },
): Promise<Answer<Document>> {
  const { fetch, advice } = request;
  const { signal } = init;
  try {
    // flyteadmin answers in other words to anything but exactly this; "error" would say better than "manual" what is
    // meant, but workerd throws on it.
    const headers = { accept: "application/json", ...init.headers };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    // A fetch that doesn't listen answers all the same.
    signal.throwIfAborted();
    // Nor does one that follows redirects all the same: whose answer that is, nobody knows.
    if (response.type === "opaqueredirect" || response.redirected || !response.ok) {
      void response.body?.cancel().catch(() => {});
      return { miss: missOf(response, request) };
    }
    const text = await readBody(response, signal);
    // Its body is cut short, then.
    signal.throwIfAborted();
    return judgeText(text, response.headers.get("content-type") ?? "", advice);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AuthenticationError)) throw unreachable(error, url, request);
    if (error.code !== "response_too_large") throw error;
    return { miss: { code: error.code, reason: "is over 1 MiB", advice: advice.check, status: error.status } };
  }
}

/**
 * No place had anything of use. All of them are named; of what was wrong that counts most which may pass, and least that
 * there is nothing.
 */
export function missed(what: string, misses: readonly PlacedMiss[]): AuthenticationError {
  const { code, advice, status, retryable, retryAfter } = misses.find(({ retryable }) => retryable) ??
    misses.find(({ code }) => code !== "config_not_found") ?? misses[0]!;
  const places = misses.map(({ place, reason }) => `${place} ${reason}`).join("; ");
  return new AuthenticationError(code, `Cannot get ${what}: ${places}. ${advice}`, { status, retryable, retryAfter });
}

/** Whether the server wants to be left alone, and says for how long: then none of its other places is asked. */
export function isFull({ status, retryAfter }: Miss): boolean {
  return status === 429 && retryAfter !== undefined;
}

/** What could not be reached at all. */
export function unreachable(error: unknown, url: string, { what, server }: DocumentRequest): AuthenticationError {
  if (isDenied(error)) {
    return new AuthenticationError(
      "permission_denied",
      `Cannot reach ${server}: not permitted. Run with --allow-net=${new URL(url).host}.`,
    );
  }
  return new AuthenticationError(
    "network_error",
    `Cannot get ${what}: it can't be reached (${failureMessage(error, url)}).`,
    { retryable: true },
  );
}

/** What didn't come in time. */
export function tooLate(what: string, timeout: number): AuthenticationError {
  return new AuthenticationError("timeout", `Cannot get ${what}: no answer within ${timeout} ms.`, { retryable: true });
}

function judgeText(text: string, contentType: string, advice: DocumentAdvice): Answer<Document> {
  const invalid = (reason: string, advice: string) => ({ miss: { code: "invalid_config", reason, advice } as const });
  // RFC 8414 §3.2 wants application/json, which those who publish a mere file often can't say: any type will do, but
  // that of a web page.
  if (/^\s*(text\/html|application\/xhtml)/i.test(contentType) || /^\s*</.test(text)) {
    return invalid("is a web page, not metadata", advice.page);
  }
  const document = parseJsonObject(text);
  if (document !== undefined) return { ok: document };
  return invalid(text.trim() === "" ? "is empty" : "is no JSON object", advice.check);
}

function missOf(
  { status, type, redirected, headers }: Response,
  { advice, now, alsoAbsent = [] }: DocumentRequest,
): Miss {
  if (type === "opaqueredirect" || redirected || status >= 300 && status < 400) {
    return {
      code: "redirect_refused",
      reason: "redirects",
      advice: `Redirects aren't followed: ${advice.redirect}`,
      status: redirected ? undefined : status || undefined,
    };
  }
  const reason = `answered ${status}`;
  if ([404, 410, 501, ...alsoAbsent].includes(status)) {
    return { code: "config_not_found", reason, advice: advice.absent, status };
  }
  const retryable = status >= 500 || status === 429 || status === 408;
  return {
    code: "config_store_failed",
    reason,
    advice: retryable
      ? "Try again later."
      : `${advice.check.replace(/\.$/, "")}, and what stands in front of the server.`,
    status,
    retryable,
    retryAfter: parseRetryAfter(headers.get("retry-after"), now()),
  };
}
