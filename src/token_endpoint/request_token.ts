/**
 * One token exchange: a request, an answer, and what becomes of it.
 *
 * @module
 */

import { withDeadline } from "../refresh/deadlines.ts";
import type { Clock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import type { ProofOfPossession } from "../dpop/proof_of_possession.ts";
import { AuthenticationError } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import { isExposed } from "../http/loopback.ts";
import { exchange, shown } from "./exchange.ts";
import type { RefusalMemory } from "./rejection_cache.ts";
import { buildTokenRequest, type BuiltTokenRequest, type TokenRequestParameters } from "./request.ts";
import { judgeTokenResponse } from "./response.ts";

/** What is asked for, and how. All of it has been checked. */
export interface TokenExchange extends Omit<TokenRequestParameters, "signal"> {
  fetch: Fetch;
  /** Binds the token to a key. */
  dpop?: ProofOfPossession | undefined;
  /** In milliseconds. */
  timeout: number;
  signal?: AbortSignal | undefined;
  clock: Pick<Clock, "wall">;
  allowInsecureRequests?: boolean | undefined;
  /** The types a token may be of. Default: those of `dpop`, else `Bearer`. */
  tokenTypes?: readonly string[] | undefined;
  /** Spares the server requests it has refused for good. Default: all are sent. */
  refusals?: RefusalMemory | undefined;
}

/** The credentials the server gives, or an `AuthenticationError`. */
export async function requestToken(asked: TokenExchange): Promise<Credentials> {
  const { tokenEndpoint: url, timeout, signal, refusals } = asked;
  if (isExposed(url) && !asked.allowInsecureRequests) {
    throw new AuthenticationError(
      "insecure_token_endpoint",
      `Cannot send a secret to ${shown(url)} unencrypted: use "https:", or set allowInsecureRequests.`,
    );
  }
  const error = () =>
    new AuthenticationError(
      "timeout",
      `Cannot get a token from ${shown(url)}: no answer within ${timeout} ms.`,
      {
        retryable: true,
      },
    );
  return await withDeadline({ timeout, error, signal }, async (signal) => {
    let request = await buildTokenRequest({ ...asked, signal });
    refusals?.check(request);
    for (const words = new Set<unknown>();;) {
      try {
        return await send(request, asked);
      } catch (error) {
        refusals?.note(request, error);
        const { error: word, retryable } = Object(error);
        const next = words.has(word) ? undefined : await another(word, retryable, request, { ...asked, signal });
        if (next === undefined) throw error;
        words.add(word);
        request = next;
      }
    }
  });
}

/** The request made anew, proofs and all, where that may change the server's mind. */
async function another(
  word: unknown,
  retryable: unknown,
  { credential, refused }: BuiltTokenRequest,
  asked: TokenExchange & TokenRequestParameters,
): Promise<BuiltTokenRequest | undefined> {
  // The server's nonce is known by now (RFC 9449 §8).
  if (word === "use_dpop_nonce") return asked.dpop && await buildTokenRequest({ ...asked, refused });
  if (word !== "invalid_client" || retryable || asked.refusals === undefined) return undefined;
  // The secret may have been changed while the request was under way: its provider is asked once more.
  const next = await buildTokenRequest({ ...asked, refused: credential });
  return next.credential === credential ? undefined : next;
}

async function send(request: BuiltTokenRequest, asked: TokenExchange): Promise<Credentials> {
  const { fetch, clock, dpop, tokenTypes = dpop?.tokenTypes } = asked;
  const requestedAt = clock.wall();
  const response = await exchange(request, dpop ? dpop.tokenFetch(fetch) : fetch);
  return judgeTokenResponse(response, {
    ...request,
    tokenEndpoint: shown(request.tokenEndpoint),
    requestedAt,
    now: clock.wall(),
    tokenTypes,
  });
}
