/**
 * Settings that a Flyte platform gives its clients.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Fetch } from "../transport/fetch.ts";
import { CachedLookup, type Search } from "./cached_lookup.ts";
import { checkHeaderKey, checkScopes, checkString } from "./check.ts";
import { type ClientConfig, type ClientConfigRequest, ClientConfigStore } from "./client_config_store.ts";
import { requestFlyteConfig } from "./flyte_request.ts";
import { checkPlatform } from "./platform_url.ts";

/** Settings of a {@linkcode FlyteClientConfigStore}. */
export interface FlyteOptions {
  /** Whether the platform is spoken to without TLS, by `http:`. Default: `false`. */
  readonly insecure?: boolean | undefined;
  /**
   * What counts in place of what the platform says: scopes (an empty list sends none), audience (an empty text sends
   * none) and header. Where all three are given, the platform isn't asked for its own. Default: what the platform says.
   */
  readonly overrides?: Pick<ClientConfig, "scopes" | "audience" | "headerKey"> | undefined;
  /**
   * How old the settings may be, in milliseconds; older ones are used once more while they are fetched anew.
   * Default: 3,600,000, an hour.
   */
  readonly maxAge?: number | undefined;
  /** How long the platform may take, for all that it is asked, in milliseconds. Default: 10,000. */
  readonly timeout?: number | undefined;
  /** Lets the platform and the token endpoint be `http:` elsewhere than on loopback. Default: `false`. */
  readonly allowInsecureRequests?: boolean | undefined;
  /** What sends the requests. Default: the way out of whoever asks, else the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /**
   * For platforms that stop work once a response is sent: keeps them at fetching behind it. On Cloudflare, the
   * `waitUntil` of `cloudflare:workers`. Default: none; where it is needed, one caller waits instead, for a second at
   * most.
   */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** Where the time comes from. Default: the machine's clocks. */
  readonly clock?: Clock | undefined;
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
 * `https:`, and that is all that is asked of it. A platform that says nothing to its clients (404, 405, 410, 415 or 501
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
 * | `config_absent` | 404, 410 or 501 everywhere: the platform names no token endpoint | no |
 * | `config_store_failed` | another status that is no success | 408, 429 and 5xx |
 * | `invalid_config` | a web page (the console's, say), no JSON object, no token endpoint, a field that holds something else | no |
 * | `insecure_token_endpoint` | the token endpoint is `http:` | no |
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
  readonly #lookup: CachedLookup<ClientConfig>;

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
    const { insecure, overrides: { scopes, audience, headerKey } = {}, allowInsecureRequests } = options;
    const platform = checkPlatform(endpoint, { insecure, allowInsecureRequests });
    const said = {
      scopes: checkScopes(scopes),
      audience: checkString("audience", audience),
      headerKey: checkHeaderKey(headerKey),
    };
    this.endpoint = platform;
    const find = (search: Search) => requestFlyteConfig({ ...search, platform, said, allowInsecureRequests });
    this.#lookup = new CachedLookup(options, find);
  }

  /**
   * The settings, as the platform says them but for the `overrides`.
   *
   * @param request A signal for this caller's wait, and its way out.
   * @returns The settings.
   * @throws {AuthenticationError} If there are none to be had; `code` says why.
   */
  override async getClientConfig(request: ClientConfigRequest = {}): Promise<ClientConfig> {
    return await this.#lookup.get(request);
  }
}
