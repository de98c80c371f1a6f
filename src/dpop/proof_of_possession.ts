/**
 * What the core asks of whatever proves that a token's sender is the one it was given to (RFC 9449).
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";

/** Binds tokens to a key, and proves with every request that the key is at hand. Made by `dpop` of `./dpop`. */
export interface ProofOfPossession {
  /** The types of token it takes (RFC 6749 §7.1); what isn't named is a `Bearer` token. */
  readonly tokenTypes: readonly string[];
  /**
   * `fetch`, with a proof on each token request.
   *
   * @param fetch What sends the requests.
   * @returns What sends them with a proof.
   */
  tokenFetch(fetch: Fetch): Fetch;
  /**
   * `fetch`, with a proof on each request that carries a token of this kind.
   *
   * @param fetch What sends the requests.
   * @param headerKey The header that carries the token, in lower case. Default: `authorization`.
   * @returns What sends them with a proof.
   */
  apiFetch(fetch: Fetch, headerKey?: string): Fetch;
  /**
   * Whether a refusal is about the proof, and so nothing another token would help against. To a request that `apiFetch`
   * sent without such a token it isn't, whatever it says.
   *
   * @param response An answer of the API's, as `apiFetch` gave it.
   * @returns Whether the same token will do, with another proof.
   */
  isAboutProof(response: Response): boolean;
}
