/**
 * Tokens for the SDK of the Model Context Protocol, by its `authProvider`.
 *
 * Where a transport takes a `fetch`, `authenticator.fetch` does more, and needs no adapter: it replays a call whose token is
 * rejected, keeps the token at its origin, and knows DPoP. `stepUp` of `./scope-step-up` gets further scopes. This is for
 * programs and frameworks that take an `authProvider` alone.
 *
 * | package | `authProvider` |
 * |---|---|
 * | `@modelcontextprotocol/client` 2 (`AuthProvider`) | {@linkcode mcpAuthProvider} |
 * | `@modelcontextprotocol/sdk` 1 (`OAuthClientProvider`) | {@linkcode mcpOAuthClientProvider} |
 *
 * @module
 */

import { checkFunction } from "../arguments.ts";
import type { Authenticator } from "../authenticator.ts";
import type { Explanation } from "../authenticator_options.ts";
import { systemClock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import { throwIfBound } from "./bound_tokens.ts";

/** What is needed of an authenticator. */
export interface McpAuthenticator extends Pick<Authenticator, "getCredentials" | "refreshCredentials"> {
  /**
   * Tells the server's URL and the client's identifier.
   *
   * @returns An object with them.
   */
  explain(): Pick<Explanation, "endpoint" | "clientId">;
}

/** An `AuthProvider` of `@modelcontextprotocol/client`. */
export interface McpAuthProvider {
  /**
   * Gives a live token: the SDK asks before each request.
   *
   * @returns The token.
   * @throws {AuthenticationError} If none is issued.
   */
  token(): Promise<string>;
  /**
   * Replaces the token that the server has rejected; then the SDK sends the request again.
   *
   * @returns A promise that resolves when there is another one.
   * @throws {AuthenticationError} If none is issued.
   */
  onUnauthorized(): Promise<void>;
}

/** The part of an `OAuthClientProvider` of `@modelcontextprotocol/sdk` that a client without a user needs. */
export interface McpOAuthClientProvider {
  /** None: no user is sent anywhere. */
  readonly redirectUrl: undefined;
  /** What the SDK would register. */
  readonly clientMetadata: { redirect_uris: string[] };
  /**
   * Tells the client's identifier.
   *
   * @returns An object with it.
   */
  clientInformation(): { client_id: string };
  /**
   * Gives a live token: the SDK asks before each request.
   *
   * @returns The token.
   * @throws {AuthenticationError} If none is issued.
   */
  tokens(): Promise<{ access_token: string; token_type: string }>;
  /** Does nothing: the authenticator has the token. */
  saveTokens(): void;
  /** Throws: there is no user. */
  redirectToAuthorization(): never;
  /** Does nothing. */
  saveCodeVerifier(): void;
  /** Throws: there is no user. */
  codeVerifier(): never;
  /**
   * Chooses no resource: the authenticator's settings have it.
   *
   * @returns Nothing.
   */
  validateResourceURL(): Promise<undefined>;
  /** Adds nothing: the SDK sends no token request. */
  addClientAuthentication(): void;
  /**
   * Replaces the token that the server has rejected.
   *
   * @returns No parameters.
   * @throws {AuthenticationError} If none is issued.
   */
  prepareTokenRequest(): Promise<URLSearchParams>;
  /**
   * Keeps the SDK from looking for an authorization server.
   *
   * @returns A server that is asked nothing.
   */
  discoveryState(): {
    authorizationServerUrl: string;
    resourceMetadata: { resource: string };
    authorizationServerMetadata: {
      issuer: string;
      authorization_endpoint: string;
      token_endpoint: string;
      response_types_supported: string[];
    };
  };
}

/** For how long after a replacement a 401 is taken for that of a call that was sent before, in milliseconds. */
const lateness = 5_000;

/** Gives tokens, and replaces one that was rejected: neither SDK says which one that was. */
class McpTokens {
  readonly #authenticator: McpAuthenticator;
  #given: Credentials | undefined;
  #replacing: Promise<Credentials> | undefined;
  #replacedAt = -Infinity;

  constructor(authenticator: McpAuthenticator) {
    checkFunction("authenticator.getCredentials", authenticator?.getCredentials ?? null);
    this.#authenticator = authenticator;
  }

  async give(): Promise<string> {
    const credentials = await this.#authenticator.getCredentials();
    throwIfBound(credentials, "give a sender-constrained token to the MCP SDK");
    this.#given = credentials;
    return credentials.accessToken;
  }

  async replace(): Promise<void> {
    if (systemClock.monotonic() - this.#replacedAt < lateness) return;
    this.#replacing ??= this.#authenticator.refreshCredentials({ rejected: this.#given });
    try {
      await this.#replacing;
      this.#replacedAt = systemClock.monotonic();
    } finally {
      this.#replacing = undefined;
    }
  }
}

/**
 * Makes an `AuthProvider`, for the transports of `@modelcontextprotocol/client` 2.
 *
 * - The SDK asks for the token before each request; it is refreshed in the background, and once a 401 rejects it.
 * - The transport decides where the token goes: `endpoint` and `allowedOrigins` don't count here.
 * - A 403 `insufficient_scope` is the SDK's `InsufficientScopeError`; with `fetch: stepUp(authenticator)` in place of this,
 *   further scopes are requested.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs the package @modelcontextprotocol/client.
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { mcpAuthProvider } from "@m2m/authenticator/adapters/mcp";
 * import { ProtectedResourceClientConfigStore } from "@m2m/authenticator/config-store/protected-resource";
 * import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
 *
 * const url = "https://mcp.example.com/mcp";
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: url,
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new ProtectedResourceClientConfigStore(url, { issuer: "https://auth.example.com" }),
 * });
 * const client = new Client({ name: "my-agent", version: "1.0.0" });
 * const authProvider = mcpAuthProvider(authenticator);
 * await client.connect(new StreamableHTTPClientTransport(new URL(url), { authProvider }));
 * ```
 *
 * @param authenticator Where the tokens come from.
 * @returns The provider.
 * @throws {TypeError} If it is no authenticator.
 */
export function mcpAuthProvider(authenticator: McpAuthenticator): McpAuthProvider {
  const tokens = new McpTokens(authenticator);
  return { token: () => tokens.give(), onUnauthorized: () => tokens.replace() };
}

/** What the SDK reads as the answer of a token endpoint. It keeps no token: it asks for one before each request. */
const tokenEndpoint = `data:application/json,{"access_token":"unused","token_type":"Bearer"}`;

/**
 * Makes an `OAuthClientProvider`, for the transports of `@modelcontextprotocol/sdk` 1 (1.32 was tried).
 *
 * It does as {@linkcode mcpAuthProvider}. This SDK insists on sending a token request of its own when a 401 comes: it is led
 * to a `data:` URL, which answers without a network, and has no token. Such a URL must be what its `fetch` takes (that of
 * Deno, Node and Bun does).
 *
 * @example
 * ```ts ignore
 * // Not run: it needs the package @modelcontextprotocol/sdk.
 * import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";
 * import { mcpOAuthClientProvider } from "@m2m/authenticator/adapters/mcp";
 * import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
 *
 * const authenticator = authenticatorFromEnv({ endpoint: "https://mcp.example.com/mcp" });
 * const authProvider = mcpOAuthClientProvider(authenticator);
 * const transport = new StreamableHTTPClientTransport(new URL("https://mcp.example.com/mcp"), { authProvider });
 * console.log(transport.sessionId); // undefined
 * ```
 *
 * @param authenticator Where the tokens come from.
 * @returns The provider.
 * @throws {TypeError} If it is no authenticator.
 */
export function mcpOAuthClientProvider(authenticator: McpAuthenticator): McpOAuthClientProvider {
  const tokens = new McpTokens(authenticator);
  const { endpoint, clientId = "client" } = authenticator.explain();
  const noUser = (): never => {
    throw new TypeError("Cannot ask a user: this client acts as itself.");
  };
  return {
    redirectUrl: undefined,
    clientMetadata: { redirect_uris: [] },
    clientInformation: () => ({ client_id: clientId }),
    tokens: async () => ({ access_token: await tokens.give(), token_type: "Bearer" }),
    saveTokens() {},
    redirectToAuthorization: noUser,
    saveCodeVerifier() {},
    codeVerifier: noUser,
    validateResourceURL: () => Promise.resolve(undefined),
    addClientAuthentication() {},
    async prepareTokenRequest() {
      await tokens.replace();
      return new URLSearchParams();
    },
    discoveryState() {
      const { origin } = new URL(endpoint);
      const urls = { issuer: origin, authorization_endpoint: origin, token_endpoint: tokenEndpoint };
      return {
        authorizationServerUrl: origin,
        resourceMetadata: { resource: endpoint },
        authorizationServerMetadata: { ...urls, response_types_supported: [] },
      };
    },
  };
}
