/**
 * Requests one token: builds the request, sends it, and parses the answer.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import type { ProofOfPossession } from "../dpop/proof_of_possession.ts";
import { AuthenticationError } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import { isExposed } from "../http/loopback.ts";
import { withDeadline } from "../refresh/deadlines.ts";
import { formatUrl, sendTokenRequest } from "./exchange.ts";
import { isClientRejected, type RejectionCache } from "./rejection_cache.ts";
import { buildTokenRequest, type BuiltTokenRequest, type TokenRequestParameters } from "./request.ts";
import { parseTokenResponse } from "./response.ts";

/** Options of {@linkcode requestToken}. All of them have been checked. */
export interface RequestTokenOptions extends Omit<TokenRequestParameters, "signal" | "refused"> {
  fetch: Fetch;
  /** Binds the token to a key. */
  dpop?: ProofOfPossession | undefined;
  /** In milliseconds. */
  timeout: number;
  signal?: AbortSignal | undefined;
  clock: Pick<Clock, "wall">;
  allowInsecureRequests?: boolean | undefined;
  /** The token types that are accepted. Default: those of `dpop`, else `Bearer`. */
  tokenTypes?: readonly string[] | undefined;
  /** Keeps back requests that the server has rejected permanently. Default: all are sent. */
  rejections?: RejectionCache | undefined;
  /** Whether no caller waits: a rejection then isn't remembered, for the next caller asks. Default: `false`. */
  isBackground?: boolean | undefined;
}

/** Requests a token. Throws an `AuthenticationError`, or the signal's reason. */
export async function requestToken(options: RequestTokenOptions): Promise<Credentials> {
  const { tokenEndpoint, timeout, signal } = options;
  const url = formatUrl(tokenEndpoint);
  if (isExposed(tokenEndpoint) && !options.allowInsecureRequests) {
    throw new AuthenticationError(
      "insecure_token_endpoint",
      `Cannot send a secret to ${url}: the connection is unencrypted. Use "https:", or set allowInsecureRequests.`,
    );
  }
  const error = () =>
    new AuthenticationError("timeout", `Cannot get a token from ${url}: no answer within ${timeout} ms.`, {
      retryable: true,
    });
  return await withDeadline({ timeout, error, signal }, (signal) => attempt({ ...options, signal }, url));
}

async function attempt(options: RequestTokenOptions & TokenRequestParameters, url: string): Promise<Credentials> {
  const { clock, dpop, rejections, tokenTypes = dpop?.tokenTypes } = options;
  const fetch = dpop ? dpop.tokenFetch(options.fetch) : options.fetch;
  let request = await buildTokenRequest(options);
  rejections?.throwIfRejected(request);
  // Each reason is good for one more try.
  for (const tried = new Set<unknown>();;) {
    try {
      const requestedAt = clock.wall();
      const response = await sendTokenRequest(request, fetch);
      const { sanitize } = request;
      const credentials = parseTokenResponse(response, { url, requestedAt, now: clock.wall(), sanitize, tokenTypes });
      rejections?.forget(request);
      return credentials;
    } catch (error) {
      if (!options.isBackground) rejections?.remember(request, error);
      const reason = isClientRejected(error) ? "client" : Object(error).error;
      const next = tried.has(reason) ? undefined : await rebuild(reason, request, options);
      if (next === undefined) throw error;
      tried.add(reason);
      request = next;
    }
  }
}

/** Builds the request once more, where another proof may change the server's answer. */
async function rebuild(
  reason: unknown,
  { credential, refused }: BuiltTokenRequest,
  options: RequestTokenOptions & TokenRequestParameters,
): Promise<BuiltTokenRequest | undefined> {
  // The server's nonce is known by now (RFC 9449 §8).
  if (reason === "use_dpop_nonce") return options.dpop && await buildTokenRequest({ ...options, refused });
  if (reason !== "client" || options.rejections === undefined) return undefined;
  // The secret may have been changed while the request was under way: its provider is asked once more.
  const next = await buildTokenRequest({ ...options, refused: credential });
  return next.credential === credential ? undefined : next;
}
