/**
 * What the core needs of the revocation of tokens (RFC 7009).
 *
 * @module
 */

import type { ClientAuth, TokenRequest } from "../client_auth/client_auth.ts";
import type { Clock } from "../clock.ts";
import type { Fetch } from "../http/fetch.ts";
import type { IssuedCredentials, IssuingServer } from "../token_source.ts";

/** A server whose metadata decide how the client authenticates. */
export interface KnownServer extends IssuingServer {
  /** How it does. Default: as its options say. */
  readonly clientAuth?: ClientAuth | undefined;
}

/** The client that a token was issued to. */
export interface RevocationContext {
  /** The client's identifier. */
  readonly clientId?: string | undefined;
  /** How the client authenticates. */
  readonly clientAuth?: ClientAuth | undefined;
  /** Has the last word on the request, as on a token request. Default: the request goes out as it is. */
  readonly beforeTokenRequest?: ((request: TokenRequest) => void | Promise<void>) | undefined;
  /** How long the revocation of all tokens may take, in milliseconds. Default: 10,000. */
  readonly timeout?: number | undefined;
  /** Lets the endpoint be `http:` elsewhere than on loopback. Default: `false`. */
  readonly allowInsecureRequests?: boolean | undefined;
  /** Sends the request. */
  readonly fetch: Fetch;
  /** Where the time comes from. Default: the machine's clocks. */
  readonly clock?: Clock | undefined;
}

/** Revokes tokens. Made by `tokenRevocation` of `./revocation`. */
export interface TokenRevocation {
  /**
   * Revokes tokens, and the refresh tokens that came with them, within one deadline.
   *
   * @param issued The tokens, and where they were issued.
   * @param context The client they were issued to.
   */
  revoke(issued: readonly IssuedCredentials[], context: RevocationContext): Promise<void>;
}
