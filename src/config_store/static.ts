/**
 * Holds settings that are known from the start.
 *
 * @module
 */

import { type ClientConfig, ClientConfigStore } from "./client_config_store.ts";

/**
 * Holds settings that are known from the start (flytekit's `StaticClientConfigStore`).
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
   * Copies the settings; they are checked when a token is needed.
   *
   * @param config The settings.
   */
  constructor(config: ClientConfig) {
    super();
    // A copy, as the caller may change the object, its lists and its URLs later.
    this.#config = JSON.parse(JSON.stringify(Object(config)), (_, value) => Object.freeze(value));
  }

  /**
   * Returns the settings given to the constructor.
   *
   * @returns The same object every time.
   */
  override getClientConfig(): ClientConfig {
    return this.#config;
  }
}
