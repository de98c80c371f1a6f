/**
 * Settings that the API publishes itself (RFC 9728), as MCP servers do: all it takes is the API's URL, and whom you
 * trust with the client's credentials.
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
import { type AuthMethodOptions, type EndpointOptions, endpointsFor } from "./server_endpoints.ts";

export type {
  AuthMethodOptions,
  AuthorizationServerMetadata,
  EndpointOptions,
  LookupOptions,
  ProtectedResourceMetadata,
};

/** Settings of a {@linkcode ProtectedResourceClientConfigStore}: `issuer` or `issuers` is required. */
export interface ProtectedResourceOptions extends LookupOptions, EndpointOptions {
  /** The authorization server that may have the client's credentials, by its issuer identifier (RFC 8414 §2). */
  readonly issuer?: string | URL | undefined;
  /** Several of them, in place of `issuer`, where they all know the client: the first that the API names is asked. */
  readonly issuers?: readonly (string | URL)[] | undefined;
  /** What counts in place of what the API says; `resource: []` has none sent. Default: nothing. */
  readonly overrides?: Pick<ClientConfig, "scopes" | "audience" | "headerKey" | "resource"> | undefined;
  /**
   * Whether to ask for all of `scopes_supported` where the API doesn't say in a challenge which it needs. Default: `false`,
   * for a client that may not have one of them is refused, or gets more than it needs.
   */
  readonly allScopes?: boolean | undefined;
}

/**
 * A config store that asks the API itself for its authorization server, and that one for its token endpoint.
 *
 * The API is asked once without a token, by GET; what is of use in its answer is the challenge (`WWW-Authenticate`). Its
 * metadata is then looked for in this order, for an API at `https://api.example.com/mcp`:
 *
 * 1. where the challenge says (`resource_metadata`, RFC 9728 §5.1), if that is of the API's own origin
 * 2. `https://api.example.com/.well-known/oauth-protected-resource/mcp` (RFC 9728 §3.1)
 * 3. `https://api.example.com/.well-known/oauth-protected-resource` (Model Context Protocol)
 *
 * - It must be of this API: its `resource` is the API's URL (RFC 9728 §3.3), but for a slash at the end. In the well-known
 *   places it may be one above it, too, on the same origin and by whole segments of the path, as in
 *   `https://api.example.com`. Tokens are asked for by this `resource` (RFC 8707).
 * - Of its `authorization_servers` one must be an expected issuer; credentials go to no other. That server's metadata is
 *   got as `DiscoveryClientConfigStore` does.
 * - Scopes are those of the `overrides`, else those of the challenge, else none: the server then gives what it gives
 *   this client. What the challenge asks for is up to the API. Where one authorization server serves APIs that don't
 *   trust each other, and takes no `resource`, name the scopes.
 *
 * All URLs must be `https:`, or on loopback; redirects aren't followed; more than 1 MiB isn't read.
 *
 * Both documents are fetched when they are needed, once for all who ask meanwhile, and kept for `maxAge`. Older ones stay
 * in use while they are fetched anew, and for as long as that fails. A failure is not kept: who asks next asks the API.
 * Authenticators share what is known if they share a `fetch`, their own or that of `options`.
 *
 * | code of the error | what happened | retryable |
 * |---|---|---|
 * | `config_not_found` | 404, 410 or 501 everywhere: the API, or the server, publishes nothing | no |
 * | `config_store_failed` | another status that is no success | 408, 429 and 5xx |
 * | `invalid_config` | a web page, no JSON object, another resource, no expected issuer, no tokens by header, no token endpoint; a way for the client to prove itself that the server doesn't take | no |
 * | `insecure_endpoint` | the token endpoint is `http:` | no |
 * | `redirect_refused`, `response_too_large`, `permission_denied` | as for a token request | no |
 * | `network_error`, `timeout` | as for a token request | yes |
 *
 * @example What an API says of itself
 * ```ts
 * import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
 * import { assertEquals } from "@std/assert";
 *
 * // In place of a network.
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
   * Checks its arguments; asks nobody.
   *
   * @param resource The URL of the API.
   * @param options Whom to trust with the client's credentials, and what else is to be known.
   * @throws {TypeError} If the API or an issuer is no `https:` URL, no issuer is named, or an override can't be what it
   * should be.
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
   * The token endpoint, revocation endpoint and issuer of the API's authorization server, the API as `resource`, its
   * scopes, and the `overrides`. Where the client proves itself by a certificate, the endpoints are those for mutual TLS
   * (RFC 8705 §5), if the server has some.
   *
   * @param request A signal for this caller's wait, its way out, and how it proves itself.
   * @returns The settings.
   * @throws {AuthenticationError} If they can't be found out, or the server doesn't take the caller's way to prove itself;
   * `code` says why.
   */
  override async getClientConfig(request: ClientConfigRequest = {}): Promise<ClientConfig> {
    const { scopes, resource, ...overrides } = this.#overrides;
    // Shared by all who ask, each with a method of its own: judged for each.
    const { metadata, server, challenge } = await this.#lookup.get(request);
    const challenged = challenge?.parameters.get("scope")?.split(" ").filter(Boolean);
    return {
      ...overrides,
      scopes: scopes ?? usable(challenged) ?? (this.#options.allScopes ? usable(metadata.scopes_supported) : undefined),
      resource: resource ?? [metadata.resource],
      ...endpointsFor(server, request.authMethod, this.#options),
    };
  }

  /**
   * What the API publishes of itself. Frozen, for it is shared by all who ask.
   *
   * @param request A signal for this caller's wait, and its way out.
   * @returns The metadata.
   * @throws {AuthenticationError} If there is none to be had, or it can't be used; `code` says why.
   */
  async getMetadata(request: ClientConfigRequest = {}): Promise<ProtectedResourceMetadata> {
    return (await this.#lookup.get(request)).metadata;
  }

  /**
   * What the API's authorization server publishes of itself. Frozen, for it is shared by all who ask.
   *
   * @param request A signal for this caller's wait, and its way out.
   * @returns The metadata.
   * @throws {AuthenticationError} If there is none to be had; `code` says why.
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
      "issuer is required, or issuers, an array: the servers that may have the client's credentials.",
    );
  }
  return given.map((issuer) => checkIssuer(issuer, allowInsecureRequests));
}

/** Scopes as they stand in the API's own words, if they are scopes at all. */
function usable(scopes: readonly string[] | undefined): readonly string[] | undefined {
  try {
    return scopes?.length === 0 ? undefined : checkScopes(scopes);
  } catch {
    return undefined;
  }
}
