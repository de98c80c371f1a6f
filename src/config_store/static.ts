/**
 * Settings that are known from the start.
 *
 * @module
 */

import { type ClientConfig, ClientConfigStore } from "./client_config_store.ts";

/**
 * A config store for settings that are known from the start (flytekit's `StaticClientConfigStore`).
 *
 * @example
 * ```ts
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new StaticClientConfigStore({
 *   tokenEndpoint: "https://auth.example.com/oauth/token",
 *   scopes: ["api:read"],
 *   audience: "https://api.example.com",
 * });
 * assertEquals(store.getClientConfig().scopes, ["api:read"]);
 * ```
 */
export class StaticClientConfigStore extends ClientConfigStore {
  readonly #config: ClientConfig;

  /**
   * Takes the settings as they are; they are checked when a token is needed.
   *
   * @param config The settings.
   */
  constructor(config: ClientConfig) {
    super();
    const { tokenEndpoint, scopes, audience, headerKey, issuer } = Object(config) as ClientConfig;
    // Later changes of the caller's own object and list don't count.
    const list = Array.isArray(scopes) ? Object.freeze([...scopes]) : scopes;
    this.#config = Object.freeze({ tokenEndpoint, scopes: list, audience, headerKey, issuer });
  }

  /**
   * The settings given to the constructor.
   *
   * @returns The same object every time.
   */
  override getClientConfig(): ClientConfig {
    return this.#config;
  }
}
