/**
 * What the grants here take, all of them: a client needn't be named.
 *
 * @module
 */

import type { GrantAuthenticatorOptions } from "../grant_authenticator.ts";

/** Settings of a grant whose request says by itself on whose behalf it is made. */
export interface NamelessGrantOptions extends Omit<GrantAuthenticatorOptions, "clientId"> {
  /**
   * The client's identifier at the authorization server. Default: none is sent, for servers that ask for no client
   * (RFC 7521 §4.1); `clientSecret` and `clientAuth` need one.
   */
  clientId?: string | undefined;
}

/**
 * The settings, with a client's id in any case. Throws a `TypeError` if a client is to prove who it is and doesn't say
 * so, or `parameters` hold one of the grant's own.
 */
export function grantOptions<T extends NamelessGrantOptions>(
  options: T,
  own: readonly string[],
): T & { clientId: string } {
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
  return { ...options, clientId };
}
