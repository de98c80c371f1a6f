/**
 * Sends a token request and reads the answer.
 *
 * @module
 */

import { AuthenticationError, type AuthenticationErrorCode } from "../errors.ts";
import { readBody } from "../http/body.ts";
import type { Fetch } from "../http/fetch.ts";
import { explainTlsFailure, isDenied, rootMessage } from "../http/network_errors.ts";
import type { BuiltTokenRequest } from "./request.ts";
import type { TokenResponse } from "./response.ts";

/**
 * Sends the request once and reads the whole answer. Throws an `AuthenticationError` where none comes. `hasAnswered`:
 * whether the endpoint did before, so that there may be a connection that breaks.
 */
export async function sendTokenRequest(
  { tokenEndpoint, headers, body, signal, sanitize }: BuiltTokenRequest,
  fetch: Fetch,
  hasAnswered = false,
): Promise<TokenResponse> {
  const url = formatUrl(tokenEndpoint);
  const isJson = /^application\/json\b/i.test(headers.get("content-type") ?? "");
  const text = isJson ? toJson(body) : body.toString();
  // Where a kept connection breaks, Deno sends a text again by itself, with an assertion that is used up by then; a `Blob`
  // it doesn't. But where it isn't permitted to send that, it doesn't end: so only after a first answer.
  const isSingleUse = hasAnswered && ["client_assertion", "assertion"].some((name) => body.has(name));
  try {
    const response = await fetch(tokenEndpoint.href, {
      method: "POST",
      headers,
      body: isSingleUse ? new Blob([text]) : text,
      signal,
      // "error" would say it better, but workerd throws on it.
      redirect: "manual",
    });
    const { status } = response;
    const hasRedirected = response.redirected || status === 0 || status >= 300 && status < 400;
    if (hasRedirected || signal.aborted) void response.body?.cancel().catch(() => {});
    // A fetch that ignores its signal may answer late.
    signal.throwIfAborted();
    // Browsers give a redirect no status; and a fetch of the caller's may have followed one all the same.
    if (hasRedirected) {
      throw new AuthenticationError(
        "redirect_refused",
        `Cannot get a token from ${url}: it redirects. Use the URL it leads to.`,
        { status: status || undefined },
      );
    }
    return { status, headers: response.headers, text: await readBody(response, signal) };
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AuthenticationError) throw error;
    const fail = (code: AuthenticationErrorCode, text: string, retryable = false) =>
      new AuthenticationError(code, `Cannot reach ${url}: ${text}`, { retryable });
    if (isDenied(error)) throw fail("permission_denied", `not permitted. Run with --allow-net=${tokenEndpoint.host}.`);
    const reason = sanitize(rootMessage(error));
    const tls = explainTlsFailure(error, tokenEndpoint, reason);
    throw tls ? fail("tls_failed", tls) : fail("network_error", reason, true);
  }
}

/** Writes form parameters as a JSON object: what occurs several times becomes an array. */
function toJson(body: URLSearchParams): string {
  return JSON.stringify(Object.fromEntries([...body.keys()].map((name) => {
    const values = body.getAll(name);
    return [name, values.length > 1 ? values : values[0]];
  })));
}

/** Formats a URL for messages: without its query, which may hold secrets. */
export function formatUrl({ origin, pathname }: URL): string {
  return origin + pathname;
}
