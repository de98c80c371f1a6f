/**
 * Settings that a Flyte platform gives its clients.
 *
 * @module
 */

import { checkAuthMethod } from "../discovery/auth_methods.ts";
import { CachedLookup, type LookupOptions, type Search } from "../discovery/cached_lookup.ts";
import { type ClientConfig, type ClientConfigRequest, ClientConfigStore } from "../config_store/client_config_store.ts";
import { type FlyteSettings, requestFlyteSettings } from "./request.ts";
import { checkOverrides } from "../config_store/overrides.ts";
import { checkPlatform } from "../env/platform_url.ts";
import type { AuthMethodOptions } from "../discovery/server_endpoints.ts";

export type { AuthMethodOptions, LookupOptions };

/** Settings of a {@linkcode FlyteClientConfigStore}. */
export interface FlyteOptions extends LookupOptions, AuthMethodOptions {
  /** Whether the platform is spoken to without TLS, by `http:`. Default: `false`. */
  readonly insecure?: boolean | undefined;
  /**
   * What counts in place of what the platform says: scopes (an empty list sends none), audience (an empty text sends
   * none) and header. Where all three are given, the platform isn't asked for its own. `resource` no platform says.
   * Default: what the platform says.
   */
  readonly overrides?: Pick<ClientConfig, "scopes" | "audience" | "resource" | "headerKey"> | undefined;
}

/**
 * A config store that asks a Flyte platform: for its token endpoint, and for the header, scopes and audience it tells its
 * clients.
 *
 * Each of the two is asked for in two ways, the second where the first has nothing of use:
 *
 * 1. as flyteadmin (Flyte 1) serves them, `GET /.well-known/oauth-authorization-server` and `GET /config/v1/flyte_client`
 * 2. as Flyte 2 does, by Connect RPC: `POST /flyteidl2.auth.AuthMetadataService/GetOAuth2Metadata` and
 *    `…/GetPublicClientConfig`
 *
 * The token endpoint is often another host's, for many platforms leave authentication to an identity provider: it must be
 * `https:`, and that is all that is asked of it. Endpoints for mutual TLS no platform tells of: name one yourself
 * (`StaticClientConfigStore`) where there is one. A platform that says nothing to its clients (404, 405, 410, 415 or 501
 * in both ways) is one that takes the token in `authorization`.
 *
 * | setting | what is used |
 * |---|---|
 * | scopes | the authenticator's own, else those of `overrides`, else the platform's, as all of Flyte's clients do. The platform's (`all`, `offline`, say) are meant for people: name your own where the authorization server refuses them to a machine |
 * | audience | the authenticator's own, else that of `overrides`, else the platform's. None is sent where none is set |
 * | header | the authenticator's own, else that of `overrides`, else the platform's (Flyte 1: `flyte-authorization`), else `authorization` |
 *
 * Redirects aren't followed; more than 1 MiB isn't read. What is fetched, and when, is as `DiscoveryClientConfigStore` has
 * it: when it is needed, once for all who ask meanwhile, kept for `maxAge`, and used for as long as no newer is to be had.
 *
 * | code of the error | what happened | retryable |
 * |---|---|---|
 * | `config_not_found` | 404, 410 or 501 everywhere: the platform names no token endpoint | no |
 * | `config_store_failed` | another status that is no success | 408, 429 and 5xx |
 * | `invalid_config` | a web page (the console's, say), no JSON object, no token endpoint, a field that holds something else; a way for the client to prove itself that the server doesn't take | no |
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
  /** The platform as a URL, ready to be an authenticator's `endpoint`: `https://flyte.example.com` of `dns:///flyte.example.com`. */
  readonly endpoint: string;
  readonly #ignoreAuthMethods: boolean;
  readonly #lookup: CachedLookup<FlyteSettings>;

  /**
   * Checks its arguments; asks nobody.
   *
   * @param endpoint The platform, as its other clients are told it: `https://host`, `dns:///host`, `host` or `host:port`.
   * @param options What else is to be known.
   * @throws {TypeError} If the endpoint is none, or is `http:` and `insecure` isn't set, or an option can't be what it
   * should be.
   * @throws {RangeError} If a duration is out of range.
   */
  constructor(endpoint: string | URL, options: FlyteOptions = {}) {
    super();
    const { insecure, overrides, ignoreAuthMethods = false, allowInsecureRequests } = options;
    const platform = checkPlatform(endpoint, { insecure, allowInsecureRequests });
    const said = checkOverrides(overrides);
    this.endpoint = platform;
    this.#ignoreAuthMethods = ignoreAuthMethods;
    const find = (search: Search) => requestFlyteSettings({ ...search, platform, said, allowInsecureRequests });
    this.#lookup = new CachedLookup(options, find);
  }

  /**
   * The settings, as the platform says them but for the `overrides`.
   *
   * @param request A signal for this caller's wait, its way out, and how it proves itself.
   * @returns The settings.
   * @throws {AuthenticationError} If there are none to be had, or the platform's authorization server doesn't take the
   * caller's way to prove itself; `code` says why.
   */
  override async getClientConfig(request: ClientConfigRequest = {}): Promise<ClientConfig> {
    const { config, authMethods } = await this.#lookup.get(request);
    // Whose it is, the platform only says: it is the platform that is named.
    const metadata = { issuer: this.endpoint, token_endpoint_auth_methods_supported: authMethods };
    if (!this.#ignoreAuthMethods) checkAuthMethod(metadata, request.authMethod);
    return config;
  }
}
