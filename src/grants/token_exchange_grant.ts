/**
 * The token exchange grant (RFC 8693), as data.
 *
 * @module
 */

import { redactAssertion } from "../client_auth/assertion_parameters.ts";
import { AuthenticationError } from "../errors.ts";
import type { Grant } from "../token_endpoint/grant.ts";

/** The token types of RFC 8693 §3, and one more. A server may know others. */
export const TokenType = {
  /** An OAuth 2.0 access token of this authorization server. */
  ACCESS_TOKEN: "urn:ietf:params:oauth:token-type:access_token",
  /** An OAuth 2.0 refresh token of this authorization server. */
  REFRESH_TOKEN: "urn:ietf:params:oauth:token-type:refresh_token",
  /** An ID token (OpenID Connect Core §2). */
  ID_TOKEN: "urn:ietf:params:oauth:token-type:id_token",
  /** A JWT of any issuer. */
  JWT: "urn:ietf:params:oauth:token-type:jwt",
  /** A grant for another domain's authorization server (draft-ietf-oauth-identity-assertion-authz-grant §3). */
  ID_JAG: "urn:ietf:params:oauth:token-type:id-jag",
  /** A SAML 1.1 assertion, in base64url. */
  SAML1: "urn:ietf:params:oauth:token-type:saml1",
  /** A SAML 2.0 assertion, in base64url. */
  SAML2: "urn:ietf:params:oauth:token-type:saml2",
} as const;

/** A value of {@linkcode TokenType}, or another type that the server knows. */
export type TokenType = typeof TokenType[keyof typeof TokenType] | (string & Record<never, never>);

/** A token, or a function that looks it up for each attempt. */
export type GivenToken = string | (() => string | Promise<string>);

/** The tokens to exchange, and the type of the new one. */
export interface ExchangedTokens {
  /**
   * The subject's token, or a function that returns it for each attempt. White space around it is removed.
   *
   * Make an authenticator for each subject: the new token is kept until it expires. If the function returned another
   * subject's token, calls for that subject would carry the first one's.
   */
  subjectToken: GivenToken;
  /**
   * The type of `subjectToken`.
   *
   * @default {TokenType.ACCESS_TOKEN}
   */
  subjectTokenType?: TokenType | undefined;
  /** The acting party's token, or a function that returns it for each attempt. Default: none. */
  actorToken?: GivenToken | undefined;
  /**
   * The type of `actorToken`.
   *
   * @default {TokenType.ACCESS_TOKEN}
   */
  actorTokenType?: TokenType | undefined;
  /** The type of the new token. Default: none is sent, and the server decides. */
  requestedTokenType?: TokenType | undefined;
}

export const ownParameters = [
  "subject_token",
  "subject_token_type",
  "actor_token",
  "actor_token_type",
  "requested_token_type",
];
/** The `token_type` of a token that isn't an access token (RFC 8693 §2.2.1). */
export const notApplicable = "N_A";

/** Makes the grant; it accepts `N_A` unless an access token is requested. */
export function tokenExchangeGrant(options: ExchangedTokens): Grant {
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
    grantType: "urn:ietf:params:oauth:grant-type:token-exchange",
    variant: JSON.stringify(types),
    moreTokenTypes: (requestedTokenType ?? TokenType.ACCESS_TOKEN) === TokenType.ACCESS_TOKEN
      ? undefined
      : [notApplicable],
    async prepare(request) {
      const tokens = { subject_token: await subjectToken(), actor_token: await actorToken?.() };
      for (const [name, token] of Object.entries(tokens)) {
        if (name === "actor_token" && actorToken === undefined) continue;
        const value = typeof token === "string" ? token.trim() : "";
        if (value === "") {
          throw new AuthenticationError(
            "client_auth_unavailable",
            `Cannot exchange the ${name.replace("_", " ")}: the function must return a string that is not empty.`,
          );
        }
        redactAssertion(request, value);
        request.body.set(name, value);
      }
      // A rejection counts for these tokens only.
      request.grantProof = JSON.stringify(tokens);
      for (const [name, type] of Object.entries(types)) if (type !== undefined) request.body.set(name, type);
    },
  };
}

/** Makes a function of a token: browsers' consoles don't show its value. */
export function lookUp(name: string, token: unknown): () => string | Promise<string> {
  if (typeof token === "function") return token as () => string | Promise<string>;
  if (typeof token === "string" && token.trim() !== "") return () => token;
  throw new TypeError(`${name} must be a string that is not empty, or a function that returns one.`);
}
