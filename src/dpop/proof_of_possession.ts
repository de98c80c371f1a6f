/**
 * The core's interface to proof of possession (DPoP, RFC 9449).
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";

/** Binds tokens to a key, and proves its possession with each request. Made by `dpop` of `@m2m/authenticator/dpop`. */
export interface ProofOfPossession {
  /** The token types it accepts (RFC 6749 §7.1). A response without a type is a `Bearer` token. */
  readonly tokenTypes: readonly string[];
  /**
   * Adds a proof to each token request.
   *
   * @param fetch The `fetch` to wrap.
   * @returns A `fetch` that adds proofs.
   */
  tokenFetch(fetch: Fetch): Fetch;
  /**
   * Adds a proof to each request with a bound token.
   *
   * @param fetch The `fetch` to wrap.
   * @param headerKey The header with the token, in lower case. Default: `"authorization"`.
   * @returns A `fetch` that adds proofs.
   */
  apiFetch(fetch: Fetch, headerKey?: string): Fetch;
  /**
   * Checks whether a 401 is about the proof, so that another token won't help. It never is for a request that `apiFetch`
   * sent without a bound token.
   *
   * @param response The API's response, from `apiFetch`.
   * @returns Whether the same token will do, with another proof.
   */
  isAboutProof(response: Response): boolean;
}
