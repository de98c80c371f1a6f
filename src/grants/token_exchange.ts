/**
 * Token exchange: a token that is at hand for another one.
 *
 * @module
 */

import type { CallOptions } from "../authenticator_options.ts";
import { concealAssertion } from "../client_auth/assertion_parameters.ts";
import { AuthenticationError } from "../errors.ts";
import { Authenticator } from "../authenticator.ts";
import type { Fetch } from "../http/fetch.ts";
import { requestByGrant } from "../token_endpoint/client_credentials.ts";
import type { Grant } from "../token_endpoint/grant.ts";
import { grantSource, type GrantSourceOptions } from "../token_endpoint/grant_source.ts";
import type { TokenSource } from "../token_source.ts";
import {
  checkNamelessGrantOptions,
  type NamelessGrantOptions,
  namelessSourceOptions,
  type NamelessTokenSourceOptions,
} from "./grant_options.ts";

export type { NamelessGrantOptions, NamelessTokenSourceOptions } from "./grant_options.ts";

/** The types of token that RFC 8693 §3 names. Servers know more. */
export const TokenType = {
  /** An OAuth 2.0 access token, of the server that is asked. */
  ACCESS_TOKEN: "urn:ietf:params:oauth:token-type:access_token",
  /** An OAuth 2.0 refresh token, of the server that is asked. */
  REFRESH_TOKEN: "urn:ietf:params:oauth:token-type:refresh_token",
  /** An ID token (OpenID Connect Core §2). */
  ID_TOKEN: "urn:ietf:params:oauth:token-type:id_token",
  /** A JWT of anybody's. */
  JWT: "urn:ietf:params:oauth:token-type:jwt",
  /** A SAML 1.1 assertion, in base64url. */
  SAML1: "urn:ietf:params:oauth:token-type:saml1",
  /** A SAML 2.0 assertion, in base64url. */
  SAML2: "urn:ietf:params:oauth:token-type:saml2",
} as const;

/** One of the values of {@linkcode TokenType}, or another type the server knows. */
export type TokenType = typeof TokenType[keyof typeof TokenType] | (string & Record<never, never>);

/** A token, or a function that looks it up each time it is needed. */
export type GivenToken = string | (() => string | Promise<string>);

/** Options of a {@linkcode TokenExchangeAuthenticator}. */
export interface TokenExchangeAuthenticatorOptions extends NamelessGrantOptions, ExchangedTokens {}

/** The tokens that are exchanged, and what for. */
export interface ExchangedTokens {
  /**
   * On whose behalf the new token is asked for: a token of theirs, or a function that gives it for every attempt. White
   * space around it is taken off.
   *
   * A function must always speak for the same subject. The new token is kept until it ends, and the function isn't
   * asked in the meantime: if it spoke for somebody else by then, their calls would go out with the first one's token.
   * So make an authenticator for each subject.
   */
  subjectToken: GivenToken;
  /** Its type. Default: `TokenType.ACCESS_TOKEN`. */
  subjectTokenType?: TokenType | undefined;
  /** Who acts: a token of theirs, likewise. Default: none, and nobody but the subject is spoken of. */
  actorToken?: GivenToken | undefined;
  /** Its type. Default: `TokenType.ACCESS_TOKEN`. */
  actorTokenType?: TokenType | undefined;
  /** The type of the new token. Default: none is sent, and the server gives what it thinks fit: an access token. */
  requestedTokenType?: TokenType | undefined;
}

const grantType = "urn:ietf:params:oauth:grant-type:token-exchange";
const own = ["subject_token", "subject_token_type", "actor_token", "actor_token_type", "requested_token_type"];
/** The `token_type` of what is no access token (RFC 8693 §2.2.1). */
const notApplicable = "N_A";

/**
 * Gets tokens for tokens (RFC 8693) and keeps them fresh: a service that calls the next one on behalf of its caller, a
 * workload that has a token of its platform, a narrower token for somebody less trusted. Errors show none of the tokens.
 *
 * What a token is good for is what its `token_type` says; `issued_token_type` isn't looked at. Where `requestedTokenType`
 * asks for something other than an access token, `N_A` is taken for a type (RFC 8693 §2.2.1): such a token is had by
 * `getCredentials()`, to be handed on, and `fetch` and `authorize` refuse to send it.
 *
 * @example A service on behalf of its caller
 * ```ts ignore
 * // Not run: it needs a caller.
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
 *
 * const configStore = new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" });
 * Deno.serve(async (request) => {
 *   // One for each request asks for a token for each request.
 *   const authenticator = new TokenExchangeAuthenticator({
 *     endpoint: "https://api.example.com",
 *     clientId: "my-client",
 *     clientSecret: "my-secret",
 *     configStore,
 *     subjectToken: request.headers.get("authorization")!.replace(/^Bearer +/i, ""),
 *     audience: "https://api.example.com",
 *   });
 *   return await authenticator.fetch("/v1/projects");
 * });
 * ```
 *
 * @example One authenticator for each subject, whose token serves many requests
 * ```ts
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";
 *
 * const configStore = new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" });
 * // The last thousand, each with its newest token: a service that runs for long must forget some.
 * const subjects = new Map<string, { token: string; authenticator: TokenExchangeAuthenticator }>();
 *
 * // `subject` is the `iss` and `sub` of a token that was verified: whoever makes one up gets somebody else's access.
 * function onBehalfOf(subject: string, token: string): TokenExchangeAuthenticator {
 *   const authenticator = subjects.get(subject)?.authenticator ?? new TokenExchangeAuthenticator({
 *     endpoint: "https://api.example.com",
 *     clientId: "my-client",
 *     clientSecret: "my-secret",
 *     configStore,
 *     subjectToken: () => subjects.get(subject)?.token ?? token,
 *     audience: "https://api.example.com",
 *   });
 *   subjects.delete(subject);
 *   subjects.set(subject, { token, authenticator });
 *   if (subjects.size > 1_000) subjects.delete(subjects.keys().next().value!);
 *   return authenticator;
 * }
 *
 * const first = onBehalfOf("ada", "eyJhbGciOiJFUzI1NiJ9.e30.b25l");
 * console.log(onBehalfOf("ada", "eyJhbGciOiJFUzI1NiJ9.e30.dHdv") === first); // true
 * ```
 *
 * @example What this very client has got, for something narrower
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { TokenExchangeAuthenticator, TokenType } from "@m2m/authenticator/grant/token-exchange";
 *
 * const settings = {
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * };
 * const wide = new ClientCredentialsAuthenticator(settings);
 * const narrow = new TokenExchangeAuthenticator({
 *   ...settings,
 *   subjectToken: async () => (await wide.getCredentials()).accessToken,
 *   subjectTokenType: TokenType.ACCESS_TOKEN,
 *   scopes: ["api:read"],
 * });
 * console.log(narrow.credentials); // undefined: nobody has been asked yet
 * ```
 */
export class TokenExchangeAuthenticator extends Authenticator {
  /** Whether the new token can be sent, being an access token. */
  readonly #isAccessToken: boolean;
  #checkedFetch: Fetch | undefined;

  /**
   * Checks the options; asks neither the store nor the server, nor for a token.
   *
   * @param options The options.
   * @throws {TypeError} If an option is missing or can't be used, or not on this runtime.
   * @throws {RangeError} If a duration or another number is out of range.
   */
  constructor(options: TokenExchangeAuthenticatorOptions) {
    const grant = tokenExchangeGrant(options);
    // Functions, for browsers' consoles show private fields.
    const { subjectToken, actorToken } = options;
    const hidden = {
      subjectToken: () => callOrReturn(subjectToken),
      ...actorToken !== undefined && { actorToken: () => callOrReturn(actorToken) },
    };
    super(checkNamelessGrantOptions({ ...options, ...hidden }, own), (context) => {
      const options = context as GrantSourceOptions;
      const tokenTypes = [...options.dpop?.tokenTypes ?? ["Bearer"], ...grant.tokenTypes ?? []];
      return grantSource({ ...grant, tokenTypes }, options);
    });
    this.#isAccessToken = grant.tokenTypes === undefined;
  }

  /** As {@linkcode Authenticator.fetch}; doesn't send what isn't an access token. */
  override get fetch(): Fetch {
    if (this.#isAccessToken) return super.fetch;
    const fetch = super.fetch;
    return this.#checkedFetch ??= async (input, init) => {
      await this.#checkAccessToken({ signal: init?.signal ?? (input instanceof Request ? input.signal : undefined) });
      return await fetch(input, init);
    };
  }

  /**
   * As {@linkcode Authenticator.authorize}; doesn't send what isn't an access token.
   *
   * @param headers The headers to add to.
   * @param options A signal for this caller's wait.
   * @returns The same headers.
   * @throws {AuthenticationError} If there is no token to be had, or it is no access token.
   * @throws The signal's reason, once it is aborted.
   */
  override async authorize(headers: Headers, options?: CallOptions): Promise<Headers> {
    if (!this.#isAccessToken) await this.#checkAccessToken(options);
    return await super.authorize(headers, options);
  }

  async #checkAccessToken(options: { signal?: AbortSignal | null | undefined } = {}): Promise<void> {
    const { tokenType } = await this.getCredentials({ signal: options.signal ?? undefined });
    if (tokenType !== notApplicable) return;
    throw new AuthenticationError(
      "unsupported_token_type",
      "Cannot send the token: it is no access token (RFC 8693 §2.2.1). Hand it on by getCredentials(), or leave " +
        "requestedTokenType out.",
    );
  }
}

/** Options of {@linkcode tokenExchange}. */
export interface TokenExchangeOptions extends
  NamelessTokenSourceOptions,
  Pick<
    TokenExchangeAuthenticatorOptions,
    "subjectToken" | "subjectTokenType" | "actorToken" | "actorTokenType" | "requestedTokenType"
  > {}

/**
 * Makes a token source of the token exchange grant (RFC 8693), to be kept fresh by `refreshing`.
 *
 * @example
 * ```ts
 * import { refreshing } from "@m2m/authenticator";
 * import { tokenExchange } from "@m2m/authenticator/grant/token-exchange";
 *
 * const tokens = refreshing(tokenExchange({
 *   tokenEndpoint: "https://auth.example.com/oauth/token",
 *   subjectToken: () => "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl",
 * }));
 * console.log(tokens.last); // undefined: no token has been requested yet
 * ```
 *
 * @param options The token endpoint, the subject's token, and what is requested.
 * @returns A token source.
 * @throws {TypeError} If an option can't be used.
 */
export function tokenExchange(options: TokenExchangeOptions): TokenSource {
  const grant = tokenExchangeGrant(options);
  return requestByGrant(
    { ...grant, tokenTypes: ["Bearer", ...grant.tokenTypes ?? []] },
    namelessSourceOptions(options),
  );
}

/** The grant, with `N_A` among its token types where something other than an access token is requested. */
function tokenExchangeGrant(options: ExchangedTokens): Grant {
  const { subjectTokenType = TokenType.ACCESS_TOKEN, actorTokenType, requestedTokenType } = options;
  const subjectToken = lookUp("subjectToken", options.subjectToken);
  const actorToken = options.actorToken === undefined ? undefined : lookUp("actorToken", options.actorToken);
  for (const [name, type] of Object.entries({ subjectTokenType, actorTokenType, requestedTokenType })) {
    if (type !== undefined && (typeof type !== "string" || type === "")) {
      throw new TypeError(`${name} must be a string that is not empty, such as TokenType.JWT.`);
    }
  }
  if (actorTokenType !== undefined && actorToken === undefined) {
    throw new TypeError("actorTokenType must not be set without actorToken (RFC 8693 §2.1).");
  }
  const types = {
    subject_token_type: subjectTokenType,
    actor_token_type: actorToken && (actorTokenType ?? TokenType.ACCESS_TOKEN),
    requested_token_type: requestedTokenType,
  };
  return {
    grantType,
    tokenTypes: (requestedTokenType ?? TokenType.ACCESS_TOKEN) === TokenType.ACCESS_TOKEN ? undefined : [notApplicable],
    async prepare(request) {
      const given = { subject_token: await subjectToken(), actor_token: await actorToken?.() };
      for (const [name, token] of Object.entries(given)) {
        if (name === "actor_token" && actorToken === undefined) continue;
        const value = typeof token === "string" ? token.trim() : "";
        if (value === "") {
          throw new AuthenticationError(
            "client_auth_failed",
            `Cannot exchange the ${name.replace("_", " ")}: the function given must return a string that is not empty.`,
          );
        }
        concealAssertion(request, value);
        request.body.set(name, value);
      }
      // With other tokens it is another request, which wasn't refused.
      request.grantProof = JSON.stringify(given);
      for (const [name, type] of Object.entries(types)) if (type !== undefined) request.body.set(name, type);
    },
  };
}

function callOrReturn(token: GivenToken): string | Promise<string> {
  return typeof token === "function" ? token() : token;
}

function lookUp(name: string, token: unknown): () => string | Promise<string> {
  if (typeof token === "function") return token as () => string | Promise<string>;
  if (typeof token === "string" && token.trim() !== "") return () => token;
  throw new TypeError(`${name} must be a string that is not empty, or a function that returns one.`);
}
