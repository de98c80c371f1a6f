/**
 * Options that the grants here have in common: a client needn't be named.
 *
 * @module
 */

import type { ClientAuth } from "../client_auth/client_auth.ts";
import { none } from "../client_auth/none.ts";
import { type CheckedGrantOptions, checkGrantOptions, type GrantOptions } from "../grant_options.ts";
import type { ClientCredentialsOptions } from "../token_endpoint/client_credentials.ts";

/** Options of a grant whose request says by itself on whose behalf it is made. */
export interface NamelessGrantOptions extends Omit<GrantOptions, "clientId"> {
  /**
   * The client's identifier at the authorization server. Default: none is sent, for servers that ask for no client
   * (RFC 7521 §4.1); `clientSecret` and `clientAuth` need one.
   */
  clientId?: string | undefined;
}

/** Options of such a grant's token source. */
export interface NamelessTokenSourceOptions extends Omit<ClientCredentialsOptions, "clientId" | "clientAuth"> {
  /** The client's identifier. Default: none is sent. */
  readonly clientId?: string | undefined;
  /** How the client authenticates. Default: not at all. */
  readonly clientAuth?: ClientAuth | undefined;
}

/** Checks the options. Those in `own` belong to the grant, and can't stand in `parameters`. */
export function checkNamelessGrantOptions<T extends NamelessGrantOptions>(
  options: T,
  own: readonly string[],
): T & CheckedGrantOptions {
  const { clientId = "", clientSecret, clientAuth, parameters } = options;
  // `none` proves nothing; it is what there is without a client.
  if (clientId === "" && (clientSecret || clientAuth && clientAuth.method !== "none")) {
    throw new TypeError("clientId must be a string, not empty: clientSecret and clientAuth prove who that is.");
  }
  for (const name of own) {
    if (Object.hasOwn(parameters ?? {}, name)) {
      throw new TypeError(`parameters.${name} must not be set: it belongs to the grant, and has an option of its own.`);
    }
  }
  return checkGrantOptions({ ...options, clientId });
}

/** Fills in the client of a token source that needn't have one. */
export function namelessSourceOptions(options: NamelessTokenSourceOptions): ClientCredentialsOptions {
  const { clientId = "", clientAuth = none() } = options;
  return { ...options, clientId, clientAuth };
}
