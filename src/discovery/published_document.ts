/**
 * Requests a JSON object that a server publishes, and says what is wrong with any other answer.
 *
 * @module
 */

import { parseUrl } from "../arguments.ts";
import { AuthenticationError, type AuthenticationErrorCode } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import { parseJsonObject } from "../http/json.ts";
import { explainTlsFailure, failureMessage, isDenied } from "../http/network_errors.ts";
import { readBody } from "../http/body.ts";
import { readRetryAfter } from "../http/retry_after.ts";

/** What is requested, and the texts for errors. */
export interface DocumentRequest {
  readonly fetch: Fetch;
  /** The document, as messages name it: `the metadata of https://auth.example.com`. */
  readonly what: string;
  /** The server, as messages name it. */
  readonly server: string;
  readonly advice: DocumentAdvice;
  /** The time in milliseconds since the epoch, for a `Retry-After` that is a date. */
  readonly now: () => number;
  /** Further statuses by which this server says that it has no such document. Default: none. */
  readonly alsoAbsent?: readonly number[];
}

/** Ends of error messages, by what came in place of the document. */
export interface DocumentAdvice {
  /** For everything else. */
  readonly check: string;
  /** For 404, 410 and 501. */
  readonly absent: string;
  /** For a redirect. */
  readonly redirect: string;
  /** For a web page. */
  readonly page: string;
}

/** A value, or why a location has none of use. */
export type Answer<T> = { readonly ok: T } | { readonly miss: Miss };

/** A JSON object, not parsed further. */
export type Document = Readonly<Record<string, unknown>>;

/** Why a location has nothing of use. */
export interface Miss {
  readonly code: AuthenticationErrorCode;
  /** What is wrong: a predicate whose subject is the location. It holds nothing of the answer's body. */
  readonly reason: string;
  readonly advice: string;
  readonly status?: number | undefined;
  readonly retryable?: boolean;
  /** In milliseconds. */
  readonly retryAfter?: number | undefined;
}

/** The same, with its location. */
export interface PlacedMiss extends Miss {
  readonly place: string;
}

/** Requests the object at a URL. Throws an `AuthenticationError` if the server can't be reached at all. */
export async function requestDocument(
  url: string,
  request: DocumentRequest,
  init: Pick<RequestInit, "method" | "body"> & { headers?: Record<string, string>; signal: AbortSignal },
): Promise<Answer<Document>> {
  const { fetch, advice } = request;
  const { signal } = init;
  try {
    // flyteadmin spells fields differently for any other Accept. "manual", as workerd throws on "error".
    const headers = { accept: "application/json", ...init.headers };
    const send = (url: string) => fetch(url, { ...init, headers, redirect: "manual" });
    let response = await send(url);
    // Servers that want a slash at the end redirect there.
    for (let hops = 0, next = readLocation(response, url); next && !init.method && hops < 3; hops++) {
      signal.throwIfAborted();
      void response.body?.cancel().catch(() => {});
      response = await send(next);
      next = readLocation(response, next);
    }
    // A custom fetch may ignore the signal, and may follow redirects, to an unknown server.
    signal.throwIfAborted();
    if (response.type === "opaqueredirect" || response.redirected || !response.ok) {
      void response.body?.cancel().catch(() => {});
      return { miss: explainStatus(response, request) };
    }
    const text = await readBody(response, signal);
    // An abort cuts the body short.
    signal.throwIfAborted();
    return parseDocument(text, response.headers.get("content-type") ?? "", advice);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AuthenticationError)) throw createNetworkError(error, url, request);
    if (error.code !== "response_too_large") throw error;
    return { miss: { code: error.code, reason: "is over 1 MiB", advice: advice.check, status: error.status } };
  }
}

/** The URL that a response redirects to, if it is of the same origin and has no credentials. */
function readLocation({ status, headers }: Response, base: string): string | undefined {
  const location = status >= 300 && status < 400 && headers.get("location");
  const url = location ? parseUrl(location, base) : undefined;
  return url?.origin === new URL(base).origin && !url.username && !url.password ? url.href : undefined;
}

/** Creates the error for a search without result. It names all locations; a transient failure decides its code. */
export function createLookupError(what: string, misses: readonly PlacedMiss[]): AuthenticationError {
  const { code, advice, status, retryable, retryAfter } = misses.find(({ retryable }) => retryable) ??
    misses.find(({ code }) => code !== "config_not_found") ?? misses[0]!;
  const places = misses.map(({ place, reason }) => `${place} ${reason}`).join("; ");
  return new AuthenticationError(code, `Cannot get ${what}: ${places}. ${advice}`, { status, retryable, retryAfter });
}

/** Whether the server answered 429 with a `Retry-After`: then none of its other locations is asked. */
export function isRateLimited({ status, retryAfter }: Miss): boolean {
  return status === 429 && retryAfter !== undefined;
}

/** Creates the error for a server that can't be reached. */
export function createNetworkError(
  error: unknown,
  url: string,
  { what, server }: DocumentRequest,
): AuthenticationError {
  if (isDenied(error)) {
    return new AuthenticationError(
      "permission_denied",
      `Cannot reach ${server}: not permitted. Run with --allow-net=${new URL(url).host}.`,
    );
  }
  const reason = failureMessage(error, url);
  const tls = explainTlsFailure(error, new URL(url), reason);
  if (tls) return new AuthenticationError("tls_failed", `Cannot get ${what}: ${tls}`);
  return new AuthenticationError("network_error", `Cannot get ${what}: it can't be reached (${reason}).`, {
    retryable: true,
  });
}

/** Creates the error for an answer that didn't come in time. */
export function createTimeoutError(what: string, timeout: number): AuthenticationError {
  return new AuthenticationError("timeout", `Cannot get ${what}: no answer within ${timeout} ms.`, { retryable: true });
}

function parseDocument(text: string, contentType: string, advice: DocumentAdvice): Answer<Document> {
  const invalid = (reason: string, advice: string) => ({ miss: { code: "invalid_config", reason, advice } as const });
  // RFC 8414 §3.2 requires application/json, which static hosting often can't send: all but a web page's type will do.
  if (/^\s*(text\/html|application\/xhtml)/i.test(contentType) || /^\s*</.test(text)) {
    return invalid("is a web page, not metadata", advice.page);
  }
  const document = parseJsonObject(text);
  if (document !== undefined) return { ok: document };
  return invalid(text.trim() === "" ? "is empty" : "is no JSON object", advice.check);
}

function explainStatus(
  { status, type, redirected, headers }: Response,
  { advice, now, alsoAbsent = [] }: DocumentRequest,
): Miss {
  if (type === "opaqueredirect" || redirected || status >= 300 && status < 400) {
    return {
      code: "redirect_refused",
      reason: "redirects",
      advice: `Redirects aren't followed to another origin, or more than 3: ${advice.redirect}`,
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
      : `${advice.check.replace(/\.$/, "")}, and any proxy in front of the server.`,
    status,
    retryable,
    retryAfter: readRetryAfter({ status, headers }, now()),
  };
}
