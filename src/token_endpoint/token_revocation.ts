/**
 * What the core asks of whatever gives tokens back (RFC 7009).
 *
 * @module
 */

import type { ClientAuth, TokenRequest } from "../client_auth/client_auth.ts";
import type { Clock } from "../clock.ts";
import type { ClientConfig } from "../config_store/client_config_store.ts";
import type { Credentials } from "../credentials.ts";
import type { Fetch } from "../http/fetch.ts";

/** What it takes to give a token back. */
export interface RevocationContext {
  /** What is given back. */
  readonly credentials: Credentials;
  /** The settings the token was issued under, checked but for `revocationEndpoint`, which says where. */
  readonly config: ClientConfig;
  /** The client's identifier. */
  readonly clientId: string;
  /** How the client proves who it is. */
  readonly clientAuth: ClientAuth;
  /** Has the last word on the request, as on a token request. Default: the request goes out as it is. */
  readonly customize?: ((request: TokenRequest) => void | Promise<void>) | undefined;
  /** How long a request may take, in milliseconds. */
  readonly timeout: number;
  /** Lets the endpoint be `http:` elsewhere than on loopback. */
  readonly allowInsecureRequests?: boolean | undefined;
  /** What sends the request. */
  readonly fetch: Fetch;
  /** Where the time comes from. */
  readonly clock: Clock;
}

/** Gives tokens back. Made by `tokenRevocation` of `./revocation`. */
export interface TokenRevocation {
  /**
   * Gives a token back, and the refresh token that came with it.
   *
   * @param context The token, who it belongs to, and where.
   */
  revoke(context: RevocationContext): Promise<void>;
}
