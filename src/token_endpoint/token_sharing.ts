/**
 * What the core needs of tokens that processes share.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import type { ProofOfPossession } from "../dpop/proof_of_possession.ts";
import type { AuthenticatorEventListener } from "../events.ts";
import type { TokenSourceRequest } from "../token_source.ts";
import type { FormParameters } from "./parameters.ts";

/** What makes a token the one that another process wants as well. */
export interface TokenIdentity {
  /** Where the token is requested. */
  readonly tokenEndpoint: string | URL;
  /** The issuer identifier, which counts in the token endpoint's place where it is known. */
  readonly issuer?: string | undefined;
  /** The client's identifier. */
  readonly clientId: string;
  /** The grant. */
  readonly grantType: string;
  /** What besides makes the grant's tokens others, such as their type. Default: nothing. */
  readonly variant?: string | undefined;
  /** Token types that the grant takes besides those of `dpop`, or `Bearer`. Default: none. */
  readonly moreTokenTypes?: readonly string[] | undefined;
  /** The parameters of the request. */
  readonly form: FormParameters;
  /** The type of the credentials, whatever the server answers. Default: the server's. */
  readonly tokenType?: string | undefined;
  /** The key that the token is bound to. Default: none. */
  readonly dpop?: ProofOfPossession | undefined;
}

/** What sharing needs of an authenticator. */
export interface SharingContext {
  /** Where the time comes from. */
  readonly clock: Clock;
  /** The lifetime of a token without `expiresAt`, in milliseconds. Default: 300,000. */
  readonly defaultLifetime?: number | undefined;
  /** Receives events. Default: none. */
  readonly onEvent?: AuthenticatorEventListener | undefined;
}

/** A token that processes share. */
export interface SharedCredentials {
  /** The token and what is known of it. */
  readonly credentials: Credentials;
  /** Whether it was requested because the API rejected the one before, a moment ago. */
  readonly forRejection: boolean;
  /** Whether the store had it, and no token was requested. Default: `false`. */
  readonly isStored?: boolean | undefined;
}

/** Gives the token that processes share, or obtains and shares one. */
export type ShareToken = (
  identity: TokenIdentity,
  request: TokenSourceRequest,
  obtain: () => Promise<Credentials>,
) => Promise<SharedCredentials>;

/** Shares tokens with other processes. Made by `sharedTokens` of `./token-store`. */
export interface TokenSharing {
  /**
   * Checks an authenticator's options.
   *
   * @param options All of its options.
   * @throws {TypeError} If tokens by these options can't be shared.
   */
  check(options: object): void;
  /**
   * Starts sharing for one token source.
   *
   * @param context What it needs of the authenticator.
   * @returns What stands in front of each token request.
   */
  open(context: SharingContext): ShareToken;
}
