/**
 * The JWT bearer grant (RFC 7523 §2.1): a signed JWT for an access token.
 *
 * @module
 */

import type { TokenRequest } from "../client_auth/client_auth.ts";
import { Authenticator } from "../authenticator.ts";
import { fromGrant } from "../grant_options.ts";
import { requestByGrant } from "../token_endpoint/client_credentials.ts";
import type { TokenSource } from "../token_source.ts";
import {
  checkNamelessGrantOptions,
  completeSourceOptions,
  type NamelessGrantOptions,
  type NamelessTokenSourceOptions,
} from "./grant_options.ts";
import { jwtBearerGrant } from "./jwt_bearer_grant.ts";

export type { NamelessGrantOptions, NamelessTokenSourceOptions } from "./grant_options.ts";

/** Options of a {@linkcode JwtBearerAuthenticator}. */
export interface JwtBearerAuthenticatorOptions extends NamelessGrantOptions {
  /**
   * Returns the assertion, a JWT (RFC 7523 §3). It is called for each attempt, for many servers take an assertion only
   * once. White space around the JWT is removed. `signedAssertion` of `./grant/signed-assertion` makes such a function
   * from a private key.
   *
   * The request has the assertion's audience (`tokenEndpoint`, `issuer`). After a permanent rejection no assertion is sent
   * during the `cooldown`, unless the function sets another `request.grantProof`, which identifies the signing key.
   */
  assertion: (request: TokenRequest) => string | Promise<string>;
}

/**
 * Gets access tokens by the JWT bearer grant (RFC 7523 §2.1) and keeps them fresh.
 *
 * Google's service accounts, Salesforce, Docusign and others use this grant. A refused assertion is
 * `token_request_rejected` with the `error` `invalid_grant` (RFC 7523 §3.1). A function that throws, or returns no JWT, is
 * `client_auth_unavailable`. Errors show nothing of the assertion.
 *
 * @example With a ready assertion
 * ```ts ignore
 * // Not run: it needs an assertion.
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
 *
 * const authenticator = new JwtBearerAuthenticator({
 *   endpoint: "https://api.example.com",
 *   assertion: () => Deno.readTextFile("/var/run/secrets/tokens/authorization-server"),
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * @example With a private key, and a client secret
 * ```ts
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { JwtBearerAuthenticator } from "@m2m/authenticator/grant/jwt-bearer";
 * import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
 *
 * const { privateKey } = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]) as CryptoKeyPair;
 * const authenticator = new JwtBearerAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   assertion: signedAssertion(privateKey, { iss: "my-service-account" }),
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * console.log(authenticator.credentials); // undefined: no token has been requested yet
 * ```
 */
export class JwtBearerAuthenticator extends Authenticator {
  /**
   * Checks the options. Sends no request, and doesn't call `assertion`.
   *
   * @param options The options.
   * @throws {TypeError} If an option is missing, or can't be used on this runtime.
   * @throws {RangeError} If a duration or another number is out of range.
   */
  constructor(options: JwtBearerAuthenticatorOptions) {
    const { assertion } = options;
    checkAssertion(assertion);
    super(checkNamelessGrantOptions(options, ["assertion"]), fromGrant(jwtBearerGrant(assertion)));
  }
}

/** Options of {@linkcode jwtBearer}. */
export interface JwtBearerOptions
  extends NamelessTokenSourceOptions, Pick<JwtBearerAuthenticatorOptions, "assertion"> {}

/**
 * Makes a token source of the JWT bearer grant (RFC 7523 §2.1), to be kept fresh by `refreshing`.
 *
 * @example
 * ```ts
 * import { authenticatedFetch, refreshing } from "@m2m/authenticator";
 * import { jwtBearer } from "@m2m/authenticator/grant/jwt-bearer";
 *
 * const tokens = refreshing(jwtBearer({
 *   tokenEndpoint: "https://auth.example.com/oauth/token",
 *   assertion: () => "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl",
 * }));
 * const fetchWithToken = authenticatedFetch(tokens, { endpoint: "https://api.example.com" });
 * console.log(typeof fetchWithToken); // function
 * ```
 *
 * @param options The token endpoint, the assertion, and the request's parameters.
 * @returns A token source.
 * @throws {TypeError} If an option can't be used.
 */
export function jwtBearer(options: JwtBearerOptions): TokenSource {
  checkAssertion(options.assertion);
  return requestByGrant(jwtBearerGrant(options.assertion), completeSourceOptions(options));
}

function checkAssertion(assertion: unknown): void {
  if (typeof assertion !== "function") {
    throw new TypeError("assertion must be a function that returns a JWT: each attempt needs its own.");
  }
}
