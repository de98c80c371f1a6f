/**
 * Settings that the authorization server publishes itself (RFC 8414, OpenID Connect Discovery 1.0): all it takes is its
 * issuer identifier.
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
import { type AuthMethodOptions, type EndpointOptions, endpointsFor } from "./server_endpoints.ts";

export type { AuthMethodOptions, AuthorizationServerMetadata, EndpointOptions, LookupOptions };

/** Settings of a {@linkcode DiscoveryClientConfigStore}. */
export interface DiscoveryOptions extends LookupOptions, EndpointOptions {
  /** What no server publishes for a client: its scopes, audience, resource and header. Default: nothing. */
  readonly overrides?: Pick<ClientConfig, "scopes" | "audience" | "resource" | "headerKey"> | undefined;
}

/**
 * A config store that asks the authorization server for its token endpoint.
 *
 * The server's document is looked for under its issuer `https://auth.example.com/tenant` in this order; for an issuer
 * without a path the last two are one:
 *
 * 1. `https://auth.example.com/.well-known/oauth-authorization-server/tenant` (RFC 8414 §3.1)
 * 2. `https://auth.example.com/.well-known/openid-configuration/tenant` (RFC 8414 §5)
 * 3. `https://auth.example.com/tenant/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 §4.1)
 *
 * It must name exactly that issuer (RFC 8414 §3.3), but for a slash at the end, which one may have and the other not.
 * Issuer and endpoints must be `https:`, or on loopback; redirects aren't followed; more than 1 MiB isn't read.
 *
 * The document is fetched when it is needed, once for all who ask meanwhile, and kept for `maxAge`. An older one stays in
 * use while it is fetched anew, and for as long as that fails. A failure is not kept: who asks next asks the server.
 * Authenticators share what is known if they share a `fetch`, their own or that of `options`: what came over one way out,
 * perhaps unverified, is not for another.
 *
 * | code of the error | what happened | retryable |
 * |---|---|---|
 * | `config_not_found` | 404, 410 or 501 everywhere: the server publishes nothing | no |
 * | `config_store_failed` | another status that is no success | 408, 429 and 5xx |
 * | `invalid_config` | a web page, no JSON object, another issuer, no token endpoint; a way for the client to prove itself that the server doesn't take | no |
 * | `insecure_endpoint` | the token endpoint is `http:`, or the one for mutual TLS where the client proves itself by a certificate | no |
 * | `redirect_refused`, `response_too_large`, `permission_denied` | as for a token request | no |
 * | `network_error`, `timeout` | as for a token request | yes |
 *
 * @example What the server can do
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
   * Checks its arguments; asks nobody.
   *
   * @param issuer The authorization server's issuer identifier (RFC 8414 §2), as it writes it.
   * @param options What else is to be known.
   * @throws {TypeError} If the issuer is no `https:` URL, or has a query, fragment or white space, or an override can't be what it
   * should be.
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
   * The server's token endpoint, revocation endpoint and issuer, and the `overrides`. Where the client proves itself by a
   * certificate, the endpoints are those for mutual TLS (RFC 8705 §5), if the server has some.
   *
   * @param request A signal for this caller's wait, its way out, and how it proves itself.
   * @returns The settings.
   * @throws {AuthenticationError} If there is no metadata to be had, or the server doesn't take the caller's way to prove
   * itself; `code` says why.
   */
  override async getClientConfig(request: ClientConfigRequest = {}): Promise<ClientConfig> {
    // Shared by all who ask, each with a method of its own: judged for each.
    const metadata = await this.getMetadata(request);
    return { ...this.#overrides, ...endpointsFor(metadata, request.authMethod, this.#options) };
  }

  /**
   * What the server publishes of itself: the token endpoint, the ways to prove who one is, the scopes, the endpoints
   * for mutual TLS. Frozen, for it is shared by all who ask.
   *
   * @param request A signal for this caller's wait, and its way out.
   * @returns The metadata.
   * @throws {AuthenticationError} If there is none to be had; `code` says why.
   */
  async getMetadata(request: ClientConfigRequest = {}): Promise<AuthorizationServerMetadata> {
    return await this.#lookup.get(request);
  }
}
