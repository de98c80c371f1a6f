/**
 * Where a client's settings come from: the store everything else asks.
 *
 * @module
 */

/** What a client must know of its authorization server (flytekit's `ClientConfig`). */
export interface ClientConfig {
  /** Absolute URL of the token endpoint (RFC 6749 §3.2): `https:`, or `http:` on loopback. */
  tokenEndpoint: string | URL;
  /** Scopes to ask for (RFC 6749 §3.3). Default: none are sent. */
  scopes?: readonly string[] | undefined;
  /** The API the token is for, sent as `audience` where present. Default: not sent. */
  audience?: string | undefined;
  /** Name of the header that carries the token to the API. Default: `authorization`. */
  headerKey?: string | undefined;
  /** The authorization server's issuer identifier (RFC 8414 §2), for client authentication that needs it. */
  issuer?: string | undefined;
}

/**
 * Where a client's settings come from (flytekit's `ClientConfigStore`): one method, asked whenever a new token is
 * needed and never before, so that changed settings take effect without a restart.
 *
 * @example Settings from a service of your own
 * ```ts
 * import { type ClientConfig, ClientConfigStore } from "@m2m/authenticator";
 *
 * class TenantConfigStore extends ClientConfigStore {
 *   override async getClientConfig(): Promise<ClientConfig> {
 *     const response = await fetch("https://api.example.com/tenants/acme/login");
 *     const { audience } = await response.json();
 *     return { tokenEndpoint: "https://auth.example.com/oauth/token", audience };
 *   }
 * }
 *
 * const { tokenEndpoint } = await new TenantConfigStore().getClientConfig();
 * console.log(tokenEndpoint);
 * ```
 */
export abstract class ClientConfigStore {
  /**
   * The settings to use for the next token request.
   *
   * @returns The settings, or a promise of them. What it throws ends up as `cause` of an `AuthenticationError`
   * with code `config_store_failed`.
   */
  abstract getClientConfig(): ClientConfig | Promise<ClientConfig>;
}
