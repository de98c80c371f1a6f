/**
 * What the core asks of whatever proves that a token's sender is the one it was given to (RFC 9449).
 *
 * @module
 */

import type { ApiProofs } from "../api_call/authenticated_fetch.ts";
import type { Fetch } from "../http/fetch.ts";

/** Binds tokens to a key, and proves with every request that the key is at hand. Made by `dpop` of `./dpop`. */
export interface ProofOfPossession extends ApiProofs {
  /** The types of token it takes (RFC 6749 §7.1); what isn't named is a `Bearer` token. */
  readonly tokenTypes: readonly string[];
  /**
   * `fetch`, with a proof on each token request.
   *
   * @param fetch What sends the requests.
   * @returns What sends them with a proof.
   */
  tokenFetch(fetch: Fetch): Fetch;
}
