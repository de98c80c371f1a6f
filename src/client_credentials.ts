/**
 * The client credentials grant: a client that acts for itself.
 *
 * @module
 */

import { type Clock, systemClock } from "./clock.ts";
import { Authenticator, type AuthenticatorOptions } from "./authenticator.ts";
import { type BasicEncoding, getBasicAuthorizationHeader } from "./client_auth/basic_authorization.ts";
import type { ClientAuth, ClientSecret } from "./client_auth/client_auth.ts";
import { checkDuration, checkHeaderKey, checkScopes, checkString, checkUrl, show } from "./config_store/check.ts";
import type { ClientConfig, ClientConfigRequest, ClientConfigStore } from "./config_store/client_config_store.ts";
import { AuthenticationError } from "./errors.ts";
import type { IssuedCredentials } from "./held.ts";
import { chooseClientAuth, defaultTimeout } from "./token_client/get_token.ts";
import { GrantType } from "./token_client/grant_type.ts";
import { RefusalMemory } from "./token_client/refusal_memory.ts";
import { requestToken } from "./token_client/request_token.ts";

/** Settings of a {@linkcode ClientCredentialsAuthenticator}. */
export interface ClientCredentialsAuthenticatorOptions extends AuthenticatorOptions {
  /** The client's identifier at the authorization server. */
  clientId: string;
  /** The client's secret, or a function that looks it up each time it is needed. */
  clientSecret?: ClientSecret | undefined;
  /**
   * How id and secret are written in the `Authorization` header. Default: `"form"` (RFC 6749 §2.3.1); servers that
   * don't decode want `"raw"`.
   */
  basicEncoding?: BasicEncoding | undefined;
  /** How the client proves who it is, in place of `clientSecret`. */
  clientAuth?: ClientAuth | undefined;
  /** Where the token endpoint and the other settings come from. Asked when a token is needed, never before. */
  configStore: ClientConfigStore;
  /** Scopes to ask for, in place of the store's; an empty list sends none. Default: the store's. */
  scopes?: readonly string[] | undefined;
  /** The API the token is for, in place of the store's; an empty string sends none. Default: the store's. */
  audience?: string | undefined;
  /** How long one token request may take, in milliseconds. Default: 10,000. */
  timeout?: number | undefined;
  /**
   * How long a request that was refused for good (a wrong secret, say) isn't sent again, in milliseconds; who asks
   * meanwhile gets the same error. Another secret, or any other change, is sent at once. Default: 5,000; 0 for never.
   */
  cooldown?: number | undefined;
  /** Lets the token endpoint be `http:` elsewhere than on loopback. Default: `false`. */
  allowInsecureRequests?: boolean | undefined;
}

const defaultCooldown = 5_000;

/**
 * Gets access tokens by the client credentials grant (RFC 6749 §4.4) and keeps them fresh (flytekit's
 * `ClientCredentialsAuthenticator`).
 *
 * @example
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({
 *     tokenEndpoint: "https://auth.example.com/oauth/token",
 *     scopes: ["api:read"],
 *     audience: "https://api.example.com",
 *   }),
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * @example A secret that changes
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 *
 * const vault = { read: () => Promise.resolve("my-secret") };
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: () => vault.read(),
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const headers = await authenticator.authorize(new Headers());
 * console.log(headers.has("authorization")); // true
 * ```
 */
export class ClientCredentialsAuthenticator extends Authenticator {
  readonly #settings: Settings;
  #refusals: RefusalMemory | undefined;

  /**
   * Checks its settings; asks neither the store nor the server.
   *
   * @param options The settings.
   * @throws {TypeError} If a setting is missing or can't be what it should be, or this runtime can't do it.
   * @throws {RangeError} If a duration is out of range.
   */
  constructor(options: ClientCredentialsAuthenticatorOptions) {
    const { clientId, clientSecret, clientAuth, configStore, basicEncoding, allowInsecureRequests } = options;
    const { timeout = defaultTimeout, cooldown = defaultCooldown, clock = systemClock } = options;
    if (!clientId || !(clientSecret || clientAuth)) {
      throw new TypeError("Client ID and Client SECRET both are required.");
    }
    if (typeof clientId !== "string") throw new TypeError(`clientId must be a string: got ${show(clientId)}.`);
    super(options);
    if (typeof configStore?.getClientConfig !== "function") {
      throw new TypeError("configStore must be a ClientConfigStore: new StaticClientConfigStore({ tokenEndpoint }).");
    }
    // Refused here for its colon, if at all, and not when the first token is needed.
    if (basicEncoding === "raw") getBasicAuthorizationHeader(clientId, "", { encoding: basicEncoding });
    checkDuration("timeout", timeout);
    if (!(cooldown >= 0)) throw new RangeError("cooldown must be a number of milliseconds, 0 or more.");
    this.#settings = {
      clientId,
      clientAuth: chooseClientAuth(options),
      configStore,
      scopes: checkScopes(options.scopes),
      audience: checkString("audience", options.audience),
      timeout,
      cooldown,
      clock,
      allowInsecureRequests,
    };
  }

  /**
   * Asks the config store for the settings, then the token endpoint for a token.
   *
   * @param signal Ends the request.
   * @returns The credentials, and the header the store names for them.
   */
  protected override async requestCredentials(signal: AbortSignal): Promise<IssuedCredentials> {
    const { configStore, cooldown, scopes, audience, ...settings } = this.#settings;
    const config = await readClientConfig(configStore, { signal, fetch: this.transportFetch });
    const credentials = await requestToken({
      ...settings,
      tokenEndpoint: config.tokenEndpoint,
      issuer: config.issuer,
      scopes: scopes ?? config.scopes,
      audience: audience ?? config.audience,
      grantType: GrantType.CLIENT_CREDS,
      fetch: this.transportFetch,
      signal,
      refusals: this.#refusals ??= new RefusalMemory(cooldown, settings.clock),
    });
    return { credentials, headerKey: config.headerKey };
  }
}

interface Settings {
  readonly clientId: string;
  readonly clientAuth: ClientAuth;
  readonly configStore: ClientConfigStore;
  readonly scopes: readonly string[] | undefined;
  readonly audience: string | undefined;
  readonly timeout: number;
  readonly cooldown: number;
  readonly clock: Clock;
  readonly allowInsecureRequests: boolean | undefined;
}

/** The store's settings, checked: a store may be anybody's code, reading anybody's answer. */
async function readClientConfig(
  store: ClientConfigStore,
  request: ClientConfigRequest,
): Promise<ClientConfig & { tokenEndpoint: URL }> {
  let config: ClientConfig;
  try {
    config = await store.getClientConfig(request);
  } catch (cause) {
    if (cause instanceof AuthenticationError) throw cause;
    throw new AuthenticationError("config_store_failed", "Cannot get the client's settings: see the cause.", { cause });
  }
  try {
    const { tokenEndpoint, scopes, audience, headerKey, issuer } = Object(config) as ClientConfig;
    return {
      tokenEndpoint: checkUrl("tokenEndpoint", tokenEndpoint),
      scopes: checkScopes(scopes),
      audience: checkString("audience", audience),
      headerKey: checkHeaderKey(headerKey),
      issuer: checkString("issuer", issuer),
    };
  } catch (error) {
    const { message } = error as TypeError;
    throw new AuthenticationError("invalid_config", `Cannot use the settings of the config store: ${message}`);
  }
}
