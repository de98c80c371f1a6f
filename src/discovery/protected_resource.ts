/**
 * Gets a client's settings from the API's own metadata (RFC 9728), as MCP servers publish it.
 *
 * ```ts ignore
 * // Not run: the API of the examples publishes no metadata.
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com/mcp",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new ProtectedResourceClientConfigStore("https://api.example.com/mcp", {
 *     issuer: "https://auth.example.com",
 *   }),
 * });
 * const response = await authenticator.fetch("https://api.example.com/mcp");
 * ```
 *
 * @module
 */

import { isExposed } from "../http/loopback.ts";
import type { AuthorizationServerMetadata } from "./authorization_server_metadata.ts";
import { CachedLookup, type LookupOptions, type Search } from "./cached_lookup.ts";
import { checkScopes, checkUrl } from "../arguments.ts";
import { type ClientConfig, type ClientConfigRequest, ClientConfigStore } from "../config_store/client_config_store.ts";
import { checkIssuer } from "./issuer.ts";
import { checkOverrides, type Overrides } from "../config_store/overrides.ts";
import type { ProtectedResourceMetadata } from "./protected_resource_metadata.ts";
import { type ProtectedResource, requestProtectedResource } from "./protected_resource_request.ts";
import { type AuthMethodOptions, chooseEndpoints, type EndpointOptions } from "./server_endpoints.ts";

export type {
  AuthMethodOptions,
  AuthorizationServerMetadata,
  EndpointOptions,
  LookupOptions,
  ProtectedResourceMetadata,
};

/** Configures a {@linkcode ProtectedResourceClientConfigStore}: `issuer` or `issuers` is required. */
export interface ProtectedResourceOptions extends LookupOptions, EndpointOptions {
  /** Issuer identifier of the authorization server that may receive the client's credentials (RFC 8414 §2). */
  readonly issuer?: string | URL | undefined;
  /** Several of them, in place of `issuer`, where all know the client: the first that the API names is used. */
  readonly issuers?: readonly (string | URL)[] | undefined;
  /**
   * Settings that take precedence over the API's; `resource: []` sends none.
   *
   * @default {none}
   */
  readonly overrides?: Pick<ClientConfig, "scopes" | "audience" | "headerKey" | "resource"> | undefined;
  /**
   * Whether to request all of `scopes_supported` where the API's challenge names no scope. A client that may not have one
   * of them is rejected, or gets more than it needs.
   *
   * @default {false}
   */
  readonly allScopes?: boolean | undefined;
}

/**
 * Reads the authorization server from the API's metadata, and the token endpoint from that server's.
 *
 * The API is called once without a token, by GET, for its challenge (`WWW-Authenticate`). For an API at
 * `https://api.example.com/mcp` its metadata is then requested from these URLs, in this order:
 *
 * 1. the challenge's `resource_metadata` (RFC 9728 §5.1), if it is on the API's own origin
 * 2. `https://api.example.com/.well-known/oauth-protected-resource/mcp` (RFC 9728 §3.1)
 * 3. `https://api.example.com/.well-known/oauth-protected-resource` (Model Context Protocol)
 *
 * - Its `resource` must be the API's URL (RFC 9728 §3.3), but for a trailing slash. In the well-known locations it may be
 *   a parent path on the same origin, such as `https://api.example.com`. It is the `resource` of token requests
 *   (RFC 8707).
 * - Its `authorization_servers` must include an expected issuer; credentials go to no other. That server's metadata is
 *   requested as `DiscoveryClientConfigStore` does.
 * - Scopes are those of the `overrides`, else those of the challenge, else none. The API chooses what its challenge asks
 *   for: if its authorization server also serves APIs that don't trust each other, and ignores `resource`, set the
 *   scopes.
 * - All URLs must be `https:`, or on loopback. Redirects are followed within the origin only; the limit is 1 MiB.
 * - Metadata is requested when it is first needed, once for all concurrent callers, and cached for `maxAge`. Stale
 *   metadata stays in use while it is refreshed, and for as long as that fails. Failures aren't cached.
 * - Authenticators share the cache if they share a `fetch`, their own or that of `options`.
 *
 * | error code | cause | retryable |
 * |---|---|---|
 * | `config_not_found` | 404, 410 or 501 everywhere: the API, or the server, publishes no metadata | no |
 * | `config_store_failed` | another error status | 408, 429 and 5xx |
 * | `invalid_config` | a web page, no JSON object, another resource, no expected issuer, no tokens by header, no token endpoint; a client authentication method that the server doesn't support | no |
 * | `insecure_endpoint` | an `http:` token endpoint | no |
 * | `redirect_refused`, `response_too_large`, `permission_denied` | as for a token request | no |
 * | `network_error`, `timeout` | as for a token request | yes |
 *
 * @example An API's metadata
 * ```ts
 * import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
 * import { assertEquals } from "@std/assert";
 *
 * // A `fetch` without a network.
 * const documents: Record<string, unknown> = {
 *   "https://mcp.example.com/.well-known/oauth-protected-resource": {
 *     resource: "https://mcp.example.com",
 *     authorization_servers: ["https://auth.example.com"],
 *   },
 *   "https://auth.example.com/.well-known/oauth-authorization-server": {
 *     issuer: "https://auth.example.com",
 *     token_endpoint: "https://auth.example.com/token",
 *   },
 * };
 * const store = new ProtectedResourceClientConfigStore("https://mcp.example.com", {
 *   issuer: "https://auth.example.com",
 *   fetch: (url) => Promise.resolve(Response.json(documents[String(url)] ?? {})),
 * });
 * const { tokenEndpoint, resource } = await store.getClientConfig();
 * assertEquals([tokenEndpoint, resource], ["https://auth.example.com/token", ["https://mcp.example.com"]]);
 * ```
 */
export class ProtectedResourceClientConfigStore extends ClientConfigStore {
  readonly #options: EndpointOptions & Pick<ProtectedResourceOptions, "allScopes">;
  readonly #overrides: Overrides;
  readonly #lookup: CachedLookup<ProtectedResource>;

  /**
   * Checks its arguments; sends nothing.
   *
   * @param resource The URL of the API.
   * @param options The expected issuers, and all else.
   * @throws {TypeError} If the API or an issuer isn't an `https:` URL, no issuer is given, or an override is malformed.
   * @throws {RangeError} If a duration is out of range.
   */
  constructor(resource: string | URL, options: ProtectedResourceOptions) {
    super();
    const { overrides, allScopes, useMtlsEndpointAliases, ignoreAuthMethods, allowInsecureRequests } = options ?? {};
    const checked = {
      resource: checkApi(resource, allowInsecureRequests),
      issuers: checkIssuers(options ?? {}),
      allowInsecureRequests,
    };
    const find = (search: Search) => requestProtectedResource({ ...search, ...checked });
    this.#lookup = new CachedLookup(options, find);
    this.#overrides = checkOverrides(overrides);
    this.#options = { allScopes, useMtlsEndpointAliases, ignoreAuthMethods };
  }

  /**
   * Returns the endpoints and issuer of the API's authorization server, the API's `resource` and scopes, and the
   * `overrides`. For a client that authenticates by a certificate, the endpoints are those for mutual TLS
   * (RFC 8705 §5), where there are some.
   *
   * @param request The caller's signal, `fetch` and authentication method.
   * @returns The settings.
   * @throws {AuthenticationError} If metadata can't be read or used, or the server doesn't support the caller's
   * authentication method; `code` says why.
   */
  override async getClientConfig(request: ClientConfigRequest = {}): Promise<ClientConfig> {
    const { scopes, resource, ...overrides } = this.#overrides;
    // Callers share the metadata, but each has its own authentication method.
    const { metadata, server, challenge } = await this.#lookup.get(request);
    const challenged = challenge?.parameters.get("scope")?.split(" ").filter(Boolean);
    return {
      ...overrides,
      scopes: scopes ?? keepValidScopes(challenged) ??
        (this.#options.allScopes ? keepValidScopes(metadata.scopes_supported) : undefined),
      resource: resource ?? [metadata.resource],
      ...chooseEndpoints(server, request, this.#options),
    };
  }

  /**
   * Returns the API's metadata. Frozen, as all callers share it.
   *
   * @param request The caller's signal and `fetch`.
   * @returns The metadata.
   * @throws {AuthenticationError} If it can't be read or used; `code` says why.
   */
  async getMetadata(request: ClientConfigRequest = {}): Promise<ProtectedResourceMetadata> {
    return (await this.#lookup.get(request)).metadata;
  }

  /**
   * Returns the metadata of the API's authorization server. Frozen, as all callers share it.
   *
   * @param request The caller's signal and `fetch`.
   * @returns The metadata.
   * @throws {AuthenticationError} If it can't be read; `code` says why.
   */
  async getAuthorizationServerMetadata(request: ClientConfigRequest = {}): Promise<AuthorizationServerMetadata> {
    return (await this.#lookup.get(request)).server;
  }
}

function checkApi(resource: string | URL, allowInsecureRequests = false): URL {
  const url = checkUrl("resource", resource);
  if (url.href.includes("#")) throw new TypeError("resource must have no fragment (RFC 9728 §1.2).");
  if (isExposed(url) && !allowInsecureRequests) {
    throw new TypeError('resource must be an "https:" URL (RFC 9728 §1.2), or set allowInsecureRequests.');
  }
  return url;
}

function checkIssuers({ issuer, issuers, allowInsecureRequests }: ProtectedResourceOptions): readonly string[] {
  if (issuer !== undefined && issuers !== undefined) throw new TypeError("Pass issuer or issuers, not both.");
  const given = issuer === undefined ? issuers : [issuer];
  if (!Array.isArray(given) || given.length === 0) {
    throw new TypeError(
      "issuer is required, or issuers, an array: the servers that may receive the client's credentials.",
    );
  }
  return given.map((issuer) => checkIssuer(issuer, allowInsecureRequests));
}

/** Returns the API's scopes, or `undefined` where one is malformed. */
function keepValidScopes(scopes: readonly string[] | undefined): readonly string[] | undefined {
  try {
    return scopes?.length === 0 ? undefined : checkScopes(scopes);
  } catch {
    return undefined;
  }
}
