/**
 * Options of grants that work without a client.
 *
 * @module
 */

import type { ClientAuth } from "../client_auth/client_auth.ts";
import { none } from "../client_auth/none.ts";
import { type CheckedGrantOptions, checkGrantOptions, type GrantOptions } from "../grant_options.ts";
import type { ClientCredentialsOptions } from "../token_endpoint/client_credentials.ts";

/** Options of a grant that needs no client. */
export interface NamelessGrantOptions extends Omit<GrantOptions, "clientId"> {
  /**
   * The client's identifier at the authorization server; `clientSecret` and `clientAuth` need one. Default: none is sent
   * (RFC 7521 §4.1).
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

/** Checks the options. `own` are the grant's own parameters, not allowed in `parameters`. */
export function checkNamelessGrantOptions<T extends NamelessGrantOptions>(
  options: T,
  own: readonly string[],
): T & CheckedGrantOptions {
  const { clientId = "", clientSecret, clientAuth, parameters } = options;
  if (clientId === "" && (clientSecret || clientAuth && clientAuth.method !== "none")) {
    throw new TypeError("clientId must be a string, not empty: clientSecret and clientAuth need it.");
  }
  for (const name of own) {
    if (Object.hasOwn(parameters ?? {}, name)) {
      throw new TypeError(`parameters.${name} must not be set: use the grant's option.`);
    }
  }
  return checkGrantOptions({ ...options, clientId });
}

/** Fills in the defaults for a token source without a client. */
export function completeSourceOptions(options: NamelessTokenSourceOptions): ClientCredentialsOptions {
  const { clientId = "", clientAuth = none() } = options;
  return { ...options, clientId, clientAuth };
}
