/**
 * The JWT bearer grant: somebody whom the authorization server trusts has said in a signed JWT on whose behalf a token is
 * asked for.
 *
 * @module
 */

import { concealAssertion, readAssertion } from "../client_auth/assertion_parameters.ts";
import type { TokenRequest } from "../client_auth/client_auth.ts";
import { GrantAuthenticator } from "../grant_authenticator.ts";
import { grantOptions, type NamelessGrantOptions } from "./grant_options.ts";

export type { NamelessGrantOptions } from "./grant_options.ts";

/** Settings of a {@linkcode JwtBearerAuthenticator}. */
export interface JwtBearerAuthenticatorOptions extends NamelessGrantOptions {
  /**
   * Gives the assertion (RFC 7523 §3): a JWT. Asked for every attempt, a repeated one included, for assertions live
   * briefly, and many servers take each but once. White space around it is taken off. `signedAssertion` of
   * `./grant/signed-assertion` makes one that signs by a private key.
   *
   * It is handed the request, which says where the assertion goes (`tokenEndpoint`, `issuer`); one that has the assertion
   * ready needn't look. Where the server refuses assertions for good, none is sent during the `cooldown`, unless
   * `request.grantProof`, which says what they are signed by, is another.
   */
  assertion: (request: TokenRequest) => string | Promise<string>;
}

const grantType = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/**
 * Gets access tokens by the JWT bearer grant (RFC 7523 §2.1) and keeps them fresh: Google's service accounts,
 * Salesforce, Docusign, and whoever else takes a signed JWT for a grant. Errors show nothing of the assertion.
 *
 * Server-side refusals of the assertion are `token_request_refused` with the `error` `invalid_grant` (RFC 7523 §3.1). A
 * function that throws, or gives no JWT, is `client_auth_failed`.
 *
 * @example With a ready assertion
 * ```ts ignore
 * // Not run: it needs somebody who vouches.
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
 * @example With a private key, as a client that proves itself by a secret besides
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
 * console.log(authenticator.credentials); // undefined: nobody has been asked yet
 * ```
 */
export class JwtBearerAuthenticator extends GrantAuthenticator {
  readonly #assertion: JwtBearerAuthenticatorOptions["assertion"];

  /**
   * Checks its settings; asks neither the store nor the server, nor for an assertion.
   *
   * @param options The settings.
   * @throws {TypeError} If a setting is missing or can't be what it should be, or this runtime can't do it.
   * @throws {RangeError} If a duration is out of range.
   */
  constructor(options: JwtBearerAuthenticatorOptions) {
    const { assertion } = options;
    if (typeof assertion !== "function") {
      throw new TypeError("assertion must be a function that returns a JWT: one lives too briefly to be used twice.");
    }
    super(grantOptions(options, ["assertion"]));
    this.#assertion = assertion;
  }

  /** `urn:ietf:params:oauth:grant-type:jwt-bearer`. */
  protected override get grantType(): string {
    return grantType;
  }

  /**
   * Puts the assertion on a request.
   *
   * @param request The request to add to.
   */
  protected override async prepareTokenRequest(request: TokenRequest): Promise<void> {
    const assertion = readAssertion(await this.#assertion(request), { name: "assertion", isJwt: true });
    concealAssertion(request, assertion);
    request.body.set("assertion", assertion);
  }
}
