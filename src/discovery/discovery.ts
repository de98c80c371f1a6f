/**
 * Gets a client's settings from the authorization server's metadata (RFC 8414, OpenID Connect Discovery 1.0).
 *
 * ```ts
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new DiscoveryClientConfigStore("https://auth.example.com", {
 *     overrides: { scopes: ["api:read"], audience: "https://api.example.com" },
 *   }),
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * @module
 */

import type { AuthorizationServerMetadata } from "./authorization_server_metadata.ts";
import { CachedLookup, type LookupOptions, type Search } from "./cached_lookup.ts";
import { type ClientConfig, type ClientConfigRequest, ClientConfigStore } from "../config_store/client_config_store.ts";
import { checkIssuer } from "./issuer.ts";
import { requestMetadata } from "./metadata_request.ts";
import { checkOverrides, type Overrides } from "../config_store/overrides.ts";
import { type AuthMethodOptions, chooseEndpoints, type EndpointOptions } from "./server_endpoints.ts";

export type { AuthMethodOptions, AuthorizationServerMetadata, EndpointOptions, LookupOptions };

/** Configures a {@linkcode DiscoveryClientConfigStore}. */
export interface DiscoveryOptions extends LookupOptions, EndpointOptions {
  /**
   * The scopes, audience, resource and header of the client, which no metadata holds.
   *
   * @default {none}
   */
  readonly overrides?: Pick<ClientConfig, "scopes" | "audience" | "resource" | "headerKey"> | undefined;
}

/**
 * Reads the token endpoint from the authorization server's metadata.
 *
 * For the issuer `https://auth.example.com/tenant` the metadata is requested from these URLs, in this order, then from
 * the same with a slash at the end; without a path, the last two are the same:
 *
 * 1. `https://auth.example.com/.well-known/oauth-authorization-server/tenant` (RFC 8414 §3.1)
 * 2. `https://auth.example.com/.well-known/openid-configuration/tenant` (RFC 8414 §5)
 * 3. `https://auth.example.com/tenant/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §4.1)
 *
 * - It must name exactly this issuer (RFC 8414 §3.3), but for a trailing slash.
 * - Issuer and endpoints must be `https:`, or on loopback. Redirects are followed within the origin only; the limit is 1 MiB.
 * - It is requested when it is first needed, once for all concurrent callers, and cached for `maxAge`. Stale metadata
 *   stays in use while it is refreshed, and for as long as that fails. Failures aren't cached.
 * - A plain `clientSecret` (without `basicEncoding`) is sent as `client_secret_post` if the server lists that and not
 *   `client_secret_basic`.
 * - Authenticators share the cache if they share a `fetch`, their own or that of `options`.
 *
 * | error code | cause | retryable |
 * |---|---|---|
 * | `config_not_found` | 404, 410 or 501 everywhere: the server publishes no metadata | no |
 * | `config_store_failed` | another error status | 408, 429 and 5xx |
 * | `invalid_config` | a web page, no JSON object, another issuer, no token endpoint; a client authentication method that the server doesn't support | no |
 * | `insecure_endpoint` | an `http:` token endpoint, or one for mutual TLS where the client authenticates by a certificate | no |
 * | `redirect_refused`, `response_too_large`, `permission_denied` | as for a token request | no |
 * | `network_error`, `timeout` | as for a token request | yes |
 *
 * @example The server's metadata
 * ```ts
 * import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
 * import { assertArrayIncludes, assertEquals } from "@std/assert";
 *
 * const store = new DiscoveryClientConfigStore("https://auth.example.com", { timeout: 5_000 });
 * const metadata = await store.getMetadata();
 * assertEquals(metadata.token_endpoint, "https://auth.example.com/token");
 * assertArrayIncludes(metadata.token_endpoint_auth_methods_supported ?? [], ["private_key_jwt"]);
 * ```
 */
export class DiscoveryClientConfigStore extends ClientConfigStore {
  readonly #options: EndpointOptions;
  readonly #overrides: Overrides;
  readonly #lookup: CachedLookup<AuthorizationServerMetadata>;

  /**
   * Checks its arguments; sends nothing.
   *
   * @param issuer The authorization server's issuer identifier (RFC 8414 §2), as the server writes it.
   * @param options All else.
   * @throws {TypeError} If the issuer isn't an `https:` URL, or has a query, fragment or white space, or an override is
   * malformed.
   * @throws {RangeError} If a duration is out of range.
   */
  constructor(issuer: string | URL, options: DiscoveryOptions = {}) {
    super();
    const { overrides, useMtlsEndpointAliases, ignoreAuthMethods, allowInsecureRequests } = options;
    const checked = checkIssuer(issuer, allowInsecureRequests);
    const find = (search: Search) => requestMetadata({ ...search, issuer: checked, allowInsecureRequests });
    this.#lookup = new CachedLookup(options, find);
    this.#overrides = checkOverrides(overrides);
    this.#options = { useMtlsEndpointAliases, ignoreAuthMethods };
  }

  /**
   * Returns the server's token endpoint, revocation endpoint and issuer, and the `overrides`. For a client that
   * authenticates by a certificate, the endpoints are those for mutual TLS (RFC 8705 §5), where there are some.
   *
   * @param request The caller's signal, `fetch` and authentication method.
   * @returns The settings.
   * @throws {AuthenticationError} If the metadata can't be read, or the server doesn't support the caller's
   * authentication method; `code` says why.
   */
  override async getClientConfig(request: ClientConfigRequest = {}): Promise<ClientConfig> {
    // Callers share the metadata, but each has its own authentication method.
    const metadata = await this.getMetadata(request);
    return { ...this.#overrides, ...chooseEndpoints(metadata, request, this.#options) };
  }

  /**
   * Returns the server's metadata: endpoints, authentication methods, scopes. Frozen, as all callers share it.
   *
   * @param request The caller's signal and `fetch`.
   * @returns The metadata.
   * @throws {AuthenticationError} If it can't be read; `code` says why.
   */
  async getMetadata(request: ClientConfigRequest = {}): Promise<AuthorizationServerMetadata> {
    return await this.#lookup.get(request);
  }
}
