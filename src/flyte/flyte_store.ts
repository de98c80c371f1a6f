/**
 * Settings that a Flyte platform publishes for its clients.
 *
 * @module
 */

import { chooseAuthMethod } from "../discovery/auth_methods.ts";
import { CachedLookup, type LookupOptions, type Search } from "../discovery/cached_lookup.ts";
import { type ClientConfig, type ClientConfigRequest, ClientConfigStore } from "../config_store/client_config_store.ts";
import { type FlyteSettings, requestFlyteSettings } from "./request.ts";
import { checkOverrides } from "../config_store/overrides.ts";
import { checkPlatform } from "../env/platform_url.ts";
import type { AuthMethodOptions } from "../discovery/server_endpoints.ts";

export type { AuthMethodOptions, LookupOptions };

/** Options of a {@linkcode FlyteClientConfigStore}. */
export interface FlyteOptions extends LookupOptions, AuthMethodOptions {
  /**
   * Whether to call the platform by `http:`, without TLS.
   *
   * @default {false}
   */
  readonly insecure?: boolean | undefined;
  /**
   * Settings to use instead of the platform's: scopes (an empty list sends none), audience (an empty text sends none) and
   * header. If all three are set, the platform's aren't requested. Platforms publish no `resource`. Default: none.
   */
  readonly overrides?: Pick<ClientConfig, "scopes" | "audience" | "resource" | "headerKey"> | undefined;
}

/**
 * Reads a Flyte platform's settings: token endpoint, header, scopes and audience.
 *
 * There are two documents, each requested in the first way that works:
 *
 * 1. of flyteadmin (Flyte 1): `GET /.well-known/oauth-authorization-server` and `GET /config/v1/flyte_client`
 * 2. of Flyte 2, by Connect RPC: `POST /flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata` and
 *    `…/GetPublicClientConfig`
 *
 * The token endpoint must be `https:`; it is often on another host, an identity provider's. Platforms publish no endpoint
 * for mutual TLS: pass one by `StaticClientConfigStore`. If the platform has no settings for clients (404, 405, 410, 415 or
 * 501 in both ways), the token goes into `authorization`.
 *
 * | setting | the first that is set of |
 * |---|---|
 * | scopes | the authenticator's, those of `overrides`, the platform's. The platform's (such as `all`, `offline`) are meant for people: set others if the authorization server refuses them to a machine |
 * | audience | the authenticator's, that of `overrides`, the platform's |
 * | header | the authenticator's, that of `overrides`, the platform's (Flyte 1: `flyte-authorization`), `authorization` |
 *
 * Redirects are followed within the origin only, and documents over 1 MiB are refused. Documents are fetched and cached as by
 * `DiscoveryClientConfigStore`: on demand, once for concurrent callers, kept for `maxAge`, and used longer while the
 * platform can't be reached.
 *
 * | code of the error | what happened | retryable |
 * |---|---|---|
 * | `config_not_found` | 404, 410 or 501 everywhere: the platform names no token endpoint | no |
 * | `config_store_failed` | another status that is no success | 408, 429 and 5xx |
 * | `invalid_config` | a web page, no JSON object, no token endpoint, an invalid field, or a client authentication method that the server doesn't support | no |
 * | `insecure_endpoint` | the token endpoint is `http:` | no |
 * | `redirect_refused`, `response_too_large`, `permission_denied` | as for a token request | no |
 * | `network_error`, `timeout` | as for a token request | yes |
 *
 * @example
 * ```ts
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
 *
 * const configStore = new FlyteClientConfigStore("dns:///flyte.example.com", { overrides: { scopes: ["all"] } });
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: configStore.endpoint,
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore,
 * });
 * const response = await authenticator.fetch("/api/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 */
export class FlyteClientConfigStore extends ClientConfigStore {
  /** The platform's URL, for an authenticator's `endpoint`: `https://flyte.example.com` for `dns:///flyte.example.com`. */
  readonly endpoint: string;
  readonly #ignoreAuthMethods: boolean;
  readonly #lookup: CachedLookup<FlyteSettings>;

  /**
   * Checks the arguments. Sends no request.
   *
   * @param endpoint The platform: `https://host`, `dns:///host`, `host` or `host:port`.
   * @param options Overrides, durations, and how to connect.
   * @throws {TypeError} If the endpoint or an option can't be used, or the endpoint is `http:` and `insecure` isn't set.
   * @throws {RangeError} If a duration is out of range.
   */
  constructor(endpoint: string | URL, options: FlyteOptions = {}) {
    super();
    const { insecure, overrides, ignoreAuthMethods = false, allowInsecureRequests } = options;
    const platform = checkPlatform(endpoint, { insecure, allowInsecureRequests });
    const checkedOverrides = checkOverrides(overrides);
    this.endpoint = platform;
    this.#ignoreAuthMethods = ignoreAuthMethods;
    const find = (search: Search) =>
      requestFlyteSettings({ ...search, platform, overrides: checkedOverrides, allowInsecureRequests });
    this.#lookup = new CachedLookup(options, find);
  }

  /**
   * Returns the platform's settings, with the `overrides`.
   *
   * @param request A signal to stop waiting, the transport, and the client authentication method.
   * @returns The settings.
   * @throws {AuthenticationError} If the settings can't be read, or the authorization server doesn't support the client
   * authentication method; `code` says why.
   */
  override async getClientConfig(request: ClientConfigRequest = {}): Promise<ClientConfig> {
    const { config, authMethods } = await this.#lookup.get(request);
    // Messages name the platform, for its issuer isn't verified.
    const metadata = { issuer: this.endpoint, token_endpoint_auth_methods_supported: authMethods };
    const chosen = this.#ignoreAuthMethods ? undefined : chooseAuthMethod(metadata, request);
    return chosen ? Object.freeze({ ...config, ...chosen }) : config;
  }
}
