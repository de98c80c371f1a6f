/**
 * An authenticator whose token never changes.
 *
 * @module
 */

import { Authenticator } from "../authenticator.ts";
import type { AuthenticatorOptions } from "../authenticator_options.ts";
import { Credentials, type CredentialsInit } from "../credentials.ts";

/** Options of {@linkcode staticAuthenticator}: those of every authenticator, none of them required. */
export interface StaticAuthenticatorOptions extends Partial<AuthenticatorOptions> {}

/**
 * Makes an authenticator whose token never changes, for programs under test that need no server.
 *
 * All of an `Authenticator` works: `fetch`, `getCredentials`, `authorize`, `with`, `close` and the others. A call that the
 * API rejects isn't replayed, for there is no other token; set `isRejected` to change that.
 *
 * @example
 * ```ts
 * import { staticAuthenticator } from "@m2m/authenticator/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const authenticator = staticAuthenticator("a-token", {
 *   fetch: (_input, init) => Promise.resolve(Response.json(new Headers(init?.headers).get("authorization"))),
 * });
 * assertEquals(await (await authenticator.fetch("/v1/projects")).json(), "Bearer a-token");
 * ```
 *
 * @param token The access token, or with it what is known of it.
 * @param options Options of the authenticator. Default: `endpoint` is `https://api.test`.
 * @returns The authenticator.
 * @throws {TypeError} If the token or an option can't be used.
 */
export function staticAuthenticator(
  token: string | CredentialsInit,
  options: StaticAuthenticatorOptions = {},
): Authenticator {
  const credentials = new Credentials(typeof token === "string" ? { accessToken: token } : token);
  const defaults = { endpoint: "https://api.test", isRejected: () => false, defaultLifetime: longest };
  return new StaticAuthenticator({ ...defaults, ...options }, () => () => Promise.resolve({ credentials }));
}

/** The longest that timers can keep: 24.8 days. After that the same token is taken again. */
const longest = 2 ** 31 - 1;

class StaticAuthenticator extends Authenticator {}
