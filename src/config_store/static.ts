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
    this.#config = Object.freeze(Object.fromEntries(
      Object.entries(Object(config)).map(([name, value]) => [name, copyValue(value)]),
    ) as unknown as ClientConfig);
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

/** Copies a setting; URLs become texts, which can't be changed. */
function copyValue(value: unknown): unknown {
  if (value instanceof URL) return value.href;
  if (!Array.isArray(value)) return value;
  // A spread array takes less memory than a mapped one.
  const copy = [...value];
  for (const [index, each] of value.entries()) if (each instanceof URL) copy[index] = each.href;
  return Object.freeze(copy);
}
