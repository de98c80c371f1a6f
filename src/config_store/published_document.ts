/**
 * Asks a server for a JSON object that it publishes, and says of anything else what it is.
 *
 * @module
 */

import { AuthenticationError, type AuthenticationErrorCode } from "../errors.ts";
import type { Fetch } from "../transport/fetch.ts";
import { parseJsonObject } from "../transport/json_object.ts";
import { readBody } from "../transport/response_body.ts";
import { parseRetryAfter } from "../transport/retry_after.ts";

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

/** A place where there is no document to be had. */
export interface Miss {
  readonly code: AuthenticationErrorCode;
  /** Follows on the place. Nothing of the answer's body is in it. */
  readonly reason: string;
  readonly advice: string;
  readonly status?: number | undefined;
  readonly retryable?: boolean;
  /** In milliseconds. */
  readonly retryAfter?: number | undefined;
}

/**
 * The object at this URL, or what is there instead. What can't be reached at all is thrown as an `AuthenticationError`.
 */
export async function requestDocument(
  url: string,
  request: DocumentRequest,
  init: Pick<RequestInit, "method" | "headers" | "body"> & { signal: AbortSignal },
): Promise<{ readonly document: Record<string, unknown> } | Miss> {
  const { fetch, advice } = request;
  const { signal } = init;
  try {
    // flyteadmin answers in other words to anything but exactly this; "error" would say better than "manual" what is
    // meant, but workerd throws on it.
    const headers = { accept: "application/json", ...init.headers };
    const response = await fetch(url, { ...init, headers, redirect: "manual" });
    // A fetch that doesn't listen answers all the same.
    signal.throwIfAborted();
    if (response.type === "opaqueredirect" || !response.ok) {
      void response.body?.cancel().catch(() => {});
      return missOf(response, request);
    }
    const text = await readBody(response, signal);
    // Its body is cut short, then.
    signal.throwIfAborted();
    return judgeText(text, response.headers.get("content-type") ?? "", advice);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AuthenticationError)) throw unreachable(error, url, request);
    if (error.code !== "response_too_large") throw error;
    return { code: error.code, reason: "is over 1 MiB", advice: advice.check, status: error.status };
  }
}

/** Of several misses the one that counts: that nothing is there says least, and that it may pass says most. */
export function gravest<T extends Miss>(misses: readonly T[]): T {
  return misses.find((miss) => miss.retryable) ?? misses.find((miss) => miss.code !== "config_absent") ?? misses[0]!;
}

/** What could not be reached at all. */
export function unreachable(cause: unknown, url: string, { what, server }: DocumentRequest): AuthenticationError {
  const { name } = Object(cause);
  if (name === "NotCapable" || name === "PermissionDenied") {
    return new AuthenticationError(
      "permission_denied",
      `Cannot reach ${server}: not permitted. Run with --allow-net=${new URL(url).host}.`,
    );
  }
  return new AuthenticationError("network_error", `Cannot get ${what}: it can't be reached, see the cause.`, {
    retryable: true,
    cause,
  });
}

function judgeText(text: string, contentType: string, advice: DocumentAdvice) {
  // RFC 8414 §3.2 wants application/json, which those who publish a mere file often can't say: any type will do, but
  // that of a web page.
  if (/^\s*(text\/html|application\/xhtml)/i.test(contentType) || /^\s*</.test(text)) {
    return { code: "invalid_config", reason: "is a web page, not metadata", advice: advice.page } as const;
  }
  const document = parseJsonObject(text);
  if (document !== undefined) return { document };
  const reason = text.trim() === "" ? "is empty" : "is no JSON object";
  return { code: "invalid_config", reason, advice: advice.check } as const;
}

function missOf({ status, type, headers }: Response, { advice, now, alsoAbsent = [] }: DocumentRequest): Miss {
  if (type === "opaqueredirect" || status >= 300 && status < 400) {
    return {
      code: "redirect_refused",
      reason: "redirects",
      advice: `Redirects aren't followed: ${advice.redirect}`,
      status: status || undefined,
    };
  }
  const reason = `answered ${status}`;
  if ([404, 410, 501, ...alsoAbsent].includes(status)) {
    return { code: "config_absent", reason, advice: advice.absent, status };
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
