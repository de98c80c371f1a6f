/**
 * The client credentials grant as a token source.
 *
 * @module
 */

import { checkTokenType, checkUrl } from "../arguments.ts";
import type { ClientAuth, TokenRequest } from "../client_auth/client_auth.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { ProofOfPossession } from "../dpop/proof_of_possession.ts";
import { type Fetch, globalFetch } from "../http/fetch.ts";
import type { TokenSource } from "../token_source.ts";
import { clientCredentialsGrant, type Grant } from "./grant.ts";
import { formParameters, type TokenRequestOptions } from "./parameters.ts";
import { RejectionCache } from "./rejection_cache.ts";
import { requestToken } from "./request_token.ts";

/** Options of {@linkcode clientCredentials}. */
export interface ClientCredentialsOptions extends TokenRequestOptions {
  /** The token endpoint: `https:`, or `http:` on loopback. */
  readonly tokenEndpoint: string | URL;
  /** The client's identifier. */
  readonly clientId: string;
  /** How the client authenticates, such as `clientSecretPost(secret)`. */
  readonly clientAuth: ClientAuth;
  /** The authorization server's issuer identifier, for client authentication that needs it. */
  readonly issuer?: string | undefined;
  /** Has the last word on each token request, after client authentication. Default: requests go out as they are. */
  readonly beforeTokenRequest?: ((request: TokenRequest) => void | Promise<void>) | undefined;
  /** Makes sender-constrained tokens (DPoP, RFC 9449): made by `dpop` of `./dpop`. Default: bearer tokens. */
  readonly dpop?: ProofOfPossession | undefined;
  /** The scheme that the token is sent with, whatever `token_type` the server answers. Default: the server's. */
  readonly tokenType?: string | undefined;
  /** How long a permanently rejected request isn't sent again, in milliseconds. Default: 5,000. */
  readonly cooldown?: number | undefined;
  /** Lets the token endpoint be `http:` elsewhere than on loopback. Default: `false`. */
  readonly allowInsecureRequests?: boolean | undefined;
  /** Sends the request. Default: the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** Where the time comes from. Default: the machine's clocks. */
  readonly clock?: Clock | undefined;
}

/**
 * Makes a token source of the client credentials grant (RFC 6749 §4.4).
 *
 * @example Three pieces: a token source, what keeps its token fresh, and a `fetch` that carries it
 * ```ts
 * import { authenticatedFetch, clientCredentials, clientSecretPost, refreshing } from "@m2m/authenticator";
 *
 * const tokens = refreshing(clientCredentials({
 *   tokenEndpoint: "https://auth.example.com/oauth/token",
 *   clientId: "my-post-client",
 *   clientAuth: clientSecretPost("my-secret"),
 *   audience: "https://api.example.com",
 * }));
 * const fetchWithToken = authenticatedFetch(tokens, { endpoint: "https://api.example.com" });
 * console.log(typeof fetchWithToken); // function
 * ```
 *
 * @param options The token endpoint, the client, and what is requested.
 * @returns A token source, to be kept fresh by `refreshing`.
 * @throws {TypeError} If an option can't be used.
 */
export function clientCredentials(options: ClientCredentialsOptions): TokenSource {
  return requestByGrant(clientCredentialsGrant, options);
}

/** Makes a token source of a grant, for one token endpoint. */
export function requestByGrant(grant: Grant, options: ClientCredentialsOptions): TokenSource {
  const { fetch = globalFetch, clock = systemClock } = options;
  const tokenEndpoint = checkUrl("tokenEndpoint", options.tokenEndpoint);
  checkTokenType(options);
  const form = formParameters(options);
  const rejections = new RejectionCache();
  // All requests are of one client to one endpoint, and differ only in their proofs.
  const keys = ["client", "request"] as const;
  const request = { ...options, ...grant, tokenEndpoint, form, keys, fetch, clock, rejections };
  return async ({ signal, background, onRequest }) => ({
    credentials: await requestToken({ ...request, signal, isBackground: background, onRequest }),
  });
}
