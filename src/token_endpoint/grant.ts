/**
 * A grant, as data: what its token request holds besides client, scopes and audience.
 *
 * @module
 */

import type { TokenRequest } from "../client_auth/client_auth.ts";
import { GrantType } from "./grant_type.ts";

/** A grant of the token endpoint. */
export interface Grant {
  /** The `grant_type` of the request. */
  readonly grantType: string;
  /** Puts on a request what the grant needs besides; called for every attempt, after client authentication. */
  readonly prepare?: ((request: TokenRequest) => void | Promise<void>) | undefined;
  /** What makes its tokens others than those of the same grant by the same parameters, where they are shared. Default: nothing. */
  readonly variant?: string | undefined;
  /** Token types that are accepted besides those of `dpop`, or `Bearer`. Default: none. */
  readonly moreTokenTypes?: readonly string[] | undefined;
}

/** The client credentials grant (RFC 6749 §4.4). */
export const clientCredentialsGrant: Grant = { grantType: GrantType.CLIENT_CREDS };
