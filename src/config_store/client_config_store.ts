/**
 * Defines config stores, from which authenticators get a client's settings.
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";

/** Describes the authorization server and token requests of a client (flytekit's `ClientConfig`). */
export interface ClientConfig {
  /** Absolute URL of the token endpoint (RFC 6749 §3.2): `https:`, or `http:` on loopback. */
  readonly tokenEndpoint: string | URL;
  /**
   * Scopes to request (RFC 6749 §3.3).
   *
   * @default {none}
   */
  readonly scopes?: readonly string[] | undefined;
  /**
   * The API the token is for, as the `audience` parameter.
   *
   * @default {none}
   */
  readonly audience?: string | undefined;
  /**
   * The API the token is for, as `resource` parameters (RFC 8707): one or more absolute URIs.
   *
   * @default {none}
   */
  readonly resource?: string | URL | readonly (string | URL)[] | undefined;
  /**
   * Name of the header that carries the token to the API.
   *
   * @default {`authorization`}
   */
  readonly headerKey?: string | undefined;
  /** The authorization server's issuer identifier (RFC 8414 §2), for client authentication that needs it. */
  readonly issuer?: string | undefined;
  /** Absolute URL of the revocation endpoint (RFC 7009). */
  readonly revocationEndpoint?: string | URL | undefined;
  /**
   * The authentication method to use: `client_secret_post` sends a plain `clientSecret` so.
   *
   * @default {the client's own}
   */
  readonly authMethod?: string | undefined;
}

/** Describes the client to a config store. */
export interface ClientConfigRequest {
  /** Aborted when the settings aren't needed any more. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The client's transport, with its proxy and certificates.
   *
   * @default {the global `fetch`}
   */
  readonly fetch?: Fetch | undefined;
  /** The client's authentication method (the `method` of its `ClientAuth`), for stores that know what the server supports. */
  readonly authMethod?: string | undefined;
  /** Another method that the client can use, if the settings name it as their `authMethod`: a plain secret has two. */
  readonly alternative?: string | undefined;
  /**
   * Whether the token endpoint returned last failed: it may have moved. A store that caches settings should look them up
   * again.
   *
   * @default {false}
   */
  readonly endpointFailed?: boolean | undefined;
}

/**
 * Supplies a client's settings (flytekit's `ClientConfigStore`).
 *
 * Its one method is called before each token request, and at no other time: changed settings take effect without a
 * restart.
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
   * Returns the settings for the next token request. It mustn't use the authenticator that waits for it.
   *
   * @param request The client that asks; a store may ignore it.
   * @returns The settings, or a promise of them.
   * @throws {AuthenticationError} With the code `config_not_found` if the store has no settings: a chain then asks the
   * next one. Any other error becomes the `cause` of an `AuthenticationError` with the code `config_store_failed`.
   */
  abstract getClientConfig(request?: ClientConfigRequest): ClientConfig | Promise<ClientConfig>;
}
