/**
 * Token sources by a grant: settings from a store, then one token request.
 *
 * @module
 */

import { checkHeaderKey, checkString, checkUrl } from "../arguments.ts";
import type { ClientAuth } from "../client_auth/client_auth.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { ClientConfig, ClientConfigStore } from "../config_store/client_config_store.ts";
import { AuthenticationError } from "../errors.ts";
import { type Fetch, globalFetch } from "../http/fetch.ts";
import type { IssuedCredentials, TokenSource, TokenSourceRequest } from "../token_source.ts";
import { GrantType } from "./grant_type.ts";
import { type FormParameters, formParameters, serializeParameters, type TokenRequestOptions } from "./parameters.ts";
import { requestToken, type RequestTokenOptions } from "./request_token.ts";

/** What a grant's token source is made of. All of it has been checked. */
export interface GrantSourceOptions
  extends Omit<RequestTokenOptions, "tokenEndpoint" | "issuer" | "parameters" | "signal" | "isBackground"> {
  /** The `grant_type` of the request. */
  readonly grantType: string;
  /** Where the token endpoint and the other settings come from. */
  readonly configStore: ClientConfigStore;
  /** What the caller asks for, which wins over the store's. */
  readonly form: FormParameters;
}

/** Credentials, and the settings they were issued under. */
export interface GrantedCredentials extends IssuedCredentials {
  readonly config: ClientConfig;
}

/** Makes a token source of a grant. A token whose settings have changed is dropped before the request goes out. */
export function grantSource(options: GrantSourceOptions): (request: TokenSourceRequest) => Promise<GrantedCredentials> {
  let requested: string | undefined;
  return async ({ signal, background, forget }) => {
    const config = await getClientConfig(options, signal);
    // A store may answer late, to an attempt that was given up.
    signal.throwIfAborted();
    const { tokenEndpoint, issuer, headerKey } = config;
    const parameters = { grant_type: [options.grantType], ...config.form, ...options.form };
    const request = JSON.stringify([tokenEndpoint, serializeParameters(parameters)]);
    if (requested !== undefined && requested !== request) forget();
    requested = request;
    const settings = { tokenEndpoint, issuer, parameters, signal, isBackground: background };
    return { credentials: await requestToken({ ...options, ...settings }), headerKey, config };
  };
}

/** Options of {@linkcode clientCredentials}. */
export interface ClientCredentialsOptions extends TokenRequestOptions {
  /** The token endpoint: `https:`, or `http:` on loopback. */
  readonly tokenEndpoint: string | URL;
  /** The client's identifier. */
  readonly clientId: string;
  /** How the client authenticates, such as `clientSecretPost(secret)`. */
  readonly clientAuth: ClientAuth;
  /** Sends the request. Default: the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /** How long the request may take, in milliseconds. Default: 10,000. */
  readonly timeout?: number | undefined;
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
 * const fetchWithToken = authenticatedFetch(tokens, { endpoint: "https://api.example.com", fetch });
 * console.log(typeof fetchWithToken); // function
 * ```
 *
 * @param options The token endpoint, the client, and what is asked for.
 * @returns A token source, to be kept fresh by `refreshing`.
 * @throws {TypeError} If an option can't be used.
 */
export function clientCredentials(options: ClientCredentialsOptions): TokenSource {
  const { clientId, clientAuth, fetch = globalFetch, timeout = 10_000, clock = systemClock } = options;
  const tokenEndpoint = checkUrl("tokenEndpoint", options.tokenEndpoint);
  const parameters = { grant_type: [GrantType.CLIENT_CREDS], ...formParameters(options) };
  const request = { tokenEndpoint, clientId, clientAuth, parameters, fetch, timeout, clock };
  return async ({ signal }) => ({ credentials: await requestToken({ ...request, signal }) });
}

/** Gets the store's settings, checked: a store may be anybody's code, reading anybody's answer. */
async function getClientConfig(
  { configStore, clientAuth: { method: authMethod }, fetch }: GrantSourceOptions,
  signal: AbortSignal,
): Promise<ClientConfig & { tokenEndpoint: URL; form: FormParameters }> {
  let config: ClientConfig;
  try {
    config = await configStore.getClientConfig({ signal, fetch, authMethod });
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof AuthenticationError) throw cause;
    throw new AuthenticationError("config_store_failed", "Cannot get the client's settings: see the cause.", { cause });
  }
  try {
    const { tokenEndpoint, scopes, audience, resource, headerKey, issuer, revocationEndpoint } = Object(
      config,
    ) as ClientConfig;
    return {
      tokenEndpoint: checkUrl("tokenEndpoint", tokenEndpoint),
      form: formParameters({ scopes, audience, resource }),
      headerKey: checkHeaderKey(headerKey),
      issuer: checkString("issuer", issuer),
      revocationEndpoint,
    };
  } catch (error) {
    const { message } = error as TypeError;
    throw new AuthenticationError("invalid_config", `Cannot use the client's settings: ${message}`);
  }
}
