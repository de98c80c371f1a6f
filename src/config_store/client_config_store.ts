/**
 * Where a client's settings come from: the store everything else asks.
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";

/** What a client must know of its authorization server (flytekit's `ClientConfig`). */
export interface ClientConfig {
  /** Absolute URL of the token endpoint (RFC 6749 §3.2): `https:`, or `http:` on loopback. */
  readonly tokenEndpoint: string | URL;
  /** Scopes to ask for (RFC 6749 §3.3). Default: none are sent. */
  readonly scopes?: readonly string[] | undefined;
  /** The API the token is for, sent as `audience` where present. Default: not sent. */
  readonly audience?: string | undefined;
  /** The API the token is for, in the words of RFC 8707: one or more absolute URIs. Default: none are sent. */
  readonly resource?: string | URL | readonly (string | URL)[] | undefined;
  /** Name of the header that carries the token to the API. Default: `authorization`. */
  readonly headerKey?: string | undefined;
  /** The authorization server's issuer identifier (RFC 8414 §2), for client authentication that needs it. */
  readonly issuer?: string | undefined;
  /** Absolute URL at which tokens are revoked (RFC 7009). Default: unknown. */
  readonly revocationEndpoint?: string | URL | undefined;
}

/** What a store may know of the client that asks. */
export interface ClientConfigRequest {
  /** Ends when the answer isn't needed any more. Default: never. */
  readonly signal?: AbortSignal | undefined;
  /** The transport of the client, with its proxy and its certificates. Default: the global `fetch`. */
  readonly fetch?: Fetch | undefined;
  /**
   * How the client authenticates (the `method` of its `ClientAuth`), for stores that know what the server takes, and
   * where it wants to be asked. Default: unknown.
   */
  readonly authMethod?: string | undefined;
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
   * The settings to use for the next token request. It mustn't ask the authenticator it is for, which waits for it.
   *
   * @param request What is known of the client that asks; a store may ignore it.
   * @returns The settings, or a promise of them. What it throws ends up as `cause` of an `AuthenticationError`
   * with code `config_store_failed`, unless it is an `AuthenticationError` itself. A store that has none throws one
   * with code `config_not_found`: in a chain, the next store is asked then.
   */
  abstract getClientConfig(request?: ClientConfigRequest): ClientConfig | Promise<ClientConfig>;
}
