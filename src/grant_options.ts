/**
 * Options of authenticators that get their tokens from a token endpoint, and the checks of them.
 *
 * @module
 */

import { checkFunction, checkNumber, checkResource, checkString, checkTokenType, throwInvalid } from "./arguments.ts";
import type { AuthenticatorOptions } from "./authenticator_options.ts";
import { type BasicEncoding, getBasicAuthorizationHeader } from "./client_auth/basic_authorization.ts";
import { chooseClientAuth } from "./token_endpoint/choose_client_auth.ts";
import type { ClientAuth, ClientSecret, TokenRequest } from "./client_auth/client_auth.ts";
import type { ClientConfigStore } from "./config_store/client_config_store.ts";
import type { Grant } from "./token_endpoint/grant.ts";
import { grantSource, type GrantSourceOptions } from "./token_endpoint/grant_source.ts";
import { formParameters, type TokenRequestOptions } from "./token_endpoint/parameters.ts";
import type { TokenSharing } from "./token_endpoint/token_sharing.ts";
import type { MakeTokenSource } from "./token_source.ts";

/** Options of every authenticator that gets its tokens from a token endpoint. */
export interface GrantOptions extends AuthenticatorOptions, TokenRequestOptions {
  /** The client's identifier at the authorization server. */
  clientId: string;
  /**
   * The client's secret, or a function that is called for each token request. It is sent as `client_secret_basic`, or as
   * `client_secret_post` where the server's metadata list that one of the two alone.
   */
  clientSecret?: ClientSecret | undefined;
  /**
   * How id and secret are written in the `Authorization` header. Default: `"form"` (RFC 6749 §2.3.1); servers that
   * don't decode want `"raw"`.
   */
  basicEncoding?: BasicEncoding | undefined;
  /** How the client authenticates, in place of `clientSecret`. */
  clientAuth?: ClientAuth | undefined;
  /** Gives the token endpoint and the other settings. It is asked when a token is needed, never before. */
  configStore: ClientConfigStore;
  /**
   * Changes each token request after client authentication: adds headers, or secret parameters (name those to
   * `request.redact`). The content type `application/json` sends the parameters as JSON. Default: requests are sent
   * unchanged.
   */
  beforeTokenRequest?: ((request: TokenRequest) => void | Promise<void>) | undefined;
  /**
   * The negative cache: how long a permanently rejected request (a wrong secret, say) isn't sent again, in milliseconds.
   * Callers get the same error meanwhile. Another secret, or any other change, is sent at once. 0 turns it off.
   * @default {5_000}
   */
  cooldown?: number | undefined;
  /**
   * The scheme that the token is sent with, whatever `token_type` the server answers: `"Bearer"` where it invents a name,
   * or `"OAuth"`, say. For a bare token set `authorization` as well. Default: the server's, which must be `Bearer`.
   */
  tokenType?: string | undefined;
  /** Lets the token endpoint be `http:` elsewhere than on loopback. Default: `false`. */
  allowInsecureRequests?: boolean | undefined;
  /**
   * Shares the token with other processes: made by `sharedTokens` of `./token-store`. Can't be combined with `revocation`.
   * Default: each process has its own.
   */
  tokenStore?: TokenSharing | undefined;
}

/** Options of a grant that have been checked: the client authentication stands in the secret's place. */
export type CheckedGrantOptions = GrantOptions & { readonly clientAuth: ClientAuth };

/** Checks the options of a grant, and puts the client authentication in the secret's place. */
export function checkGrantOptions<Options extends GrantOptions>(options: Options): Options & CheckedGrantOptions {
  const { clientSecret: _, basicEncoding, ...others } = options;
  const { clientId, configStore, scopes, resource, authorizationDetails, parameters, tokenStore } = options;
  checkString("clientId", clientId);
  if (typeof configStore?.getClientConfig !== "function") {
    throwInvalid(
      "configStore",
      "a ClientConfigStore, such as new StaticClientConfigStore({ tokenEndpoint })",
      configStore,
    );
  }
  // Thrown here for its colon, and not when the first token is needed.
  if (basicEncoding === "raw") getBasicAuthorizationHeader(clientId, "", { encoding: basicEncoding });
  checkNumber("cooldown", options.cooldown, 0);
  checkFunction("beforeTokenRequest", options.beforeTokenRequest);
  checkTokenType(options);
  if (tokenStore && !tokenStore.open) throwInvalid("tokenStore", "what sharedTokens(store) returns", tokenStore);
  tokenStore?.check(options);
  formParameters(options);
  return {
    ...others,
    clientAuth: chooseClientAuth(options),
    // Later changes to the caller's objects don't count.
    ...scopes && { scopes: [...scopes] },
    ...resource && { resource: checkResource(resource) },
    ...authorizationDetails && { authorizationDetails: JSON.parse(JSON.stringify(authorizationDetails)) },
    ...parameters && { parameters: structuredClone(parameters) },
  } as unknown as Options & CheckedGrantOptions;
}

/** Makes an authenticator's token source of a grant. Its options have gone through {@linkcode checkGrantOptions}. */
export function fromGrant(grant: Grant): MakeTokenSource {
  return (context) => grantSource(grant, context as GrantSourceOptions);
}
