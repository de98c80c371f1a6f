/**
 * The core's interface to proof of possession (DPoP, RFC 9449).
 *
 * @module
 */

import type { ApiProofs } from "../api_call/authenticated_fetch.ts";
import type { Fetch } from "../http/fetch.ts";
import type { ExplainRefusal } from "../jwt/clock_difference.ts";

/** Binds tokens to a key, and proves its possession with each request. Made by `dpop` of `@m2m/authenticator/dpop`. */
export interface ProofOfPossession extends ApiProofs {
  /** The token types it accepts (RFC 6749 §7.1). A response without a type is a `Bearer` token. */
  readonly tokenTypes: readonly string[];
  /**
   * Adds a proof to each token request.
   *
   * @param fetch The `fetch` to wrap.
   * @returns A `fetch` that adds proofs.
   */
  tokenFetch(fetch: Fetch): Fetch;
  /** Gets the thumbprint of the key that tokens are bound to (RFC 7638). Tokens can't be shared without it. */
  thumbprint?(): Promise<string>;
  /** Says more about the refusal of a token request. */
  explainRefusal?: ExplainRefusal;
}
