/**
 * Sends a token request and reads the answer.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import { isDenied, rootMessage } from "../http/network_errors.ts";
import { readBody } from "../http/body.ts";
import type { BuiltTokenRequest } from "./request.ts";
import type { TokenResponse } from "./response.ts";

/** The token endpoint's answer, read whole; what keeps it from coming is an `AuthenticationError`. */
export async function exchange(
  { tokenEndpoint, headers, body, signal, clean }: BuiltTokenRequest,
  fetch: Fetch,
): Promise<TokenResponse> {
  try {
    const response = await fetch(tokenEndpoint.href, {
      method: "POST",
      headers,
      body: body.toString(),
      signal,
      // "error" would say it better, but workerd throws on it.
      redirect: "manual",
    });
    const { status } = response;
    // Browsers give a redirect no status; and a fetch of the caller's may have followed one all the same.
    if (response.redirected || status === 0 || status >= 300 && status < 400) {
      void response.body?.cancel().catch(() => {});
      throw new AuthenticationError(
        "redirect_refused",
        `Cannot ask ${shown(tokenEndpoint)}: it redirects. Use the URL it leads to.`,
        { status: status || undefined },
      );
    }
    return { status, headers: response.headers, text: await readBody(response, signal) };
  } catch (error) {
    if (error instanceof AuthenticationError) throw error;
    signal.throwIfAborted();
    if (isDenied(error)) {
      throw new AuthenticationError(
        "permission_denied",
        `Cannot reach ${shown(tokenEndpoint)}: not permitted. Run with --allow-net=${tokenEndpoint.host}.`,
      );
    }
    throw new AuthenticationError(
      "network_error",
      `Cannot reach ${shown(tokenEndpoint)}: ${clean(rootMessage(error))}`,
      { retryable: true },
    );
  }
}

/** The endpoint as messages show it: a query may hold what nobody should read. */
export function shown({ origin, pathname }: URL): string {
  return origin + pathname;
}
