/**
 * Gets a client's settings from the first of several config stores that has some.
 *
 * ```ts
 * import { StaticClientConfigStore } from "@m2m/authenticator";
 * import { ChainClientConfigStore } from "@m2m/authenticator/config-store/chain";
 * import { EnvClientConfigStore } from "@m2m/authenticator/config-store/env";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new ChainClientConfigStore([
 *   new EnvClientConfigStore(),
 *   new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * ]);
 * const { tokenEndpoint } = await store.getClientConfig();
 * assertEquals(tokenEndpoint, "https://auth.example.com/oauth/token");
 * ```
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { type ClientConfig, type ClientConfigRequest, ClientConfigStore } from "./client_config_store.ts";

/**
 * Asks other config stores in turn, and returns the first settings it gets.
 *
 * A store without settings throws an `AuthenticationError` with the code `config_not_found`: `EnvClientConfigStore` if none
 * of its variables is set, `DiscoveryClientConfigStore` if its server publishes no metadata.
 *
 * Any other error ends the search, with its own code: settings that are wrong or temporarily unreadable mustn't be
 * replaced by others, which might send the secret elsewhere.
 *
 * @example A store of your own
 * ```ts
 * import { AuthenticationError, type ClientConfig, ClientConfigStore, StaticClientConfigStore } from "@m2m/authenticator";
 * import { ChainClientConfigStore } from "@m2m/authenticator/config-store/chain";
 * import { assertEquals } from "@std/assert";
 *
 * class TenantConfigStore extends ClientConfigStore {
 *   constructor(readonly tenants: Map<string, ClientConfig>, readonly tenant: string) {
 *     super();
 *   }
 *
 *   override getClientConfig(): ClientConfig {
 *     const config = this.tenants.get(this.tenant);
 *     if (config === undefined) throw new AuthenticationError("config_not_found", "This tenant has no settings.");
 *     return config;
 *   }
 * }
 *
 * const store = new ChainClientConfigStore([
 *   new TenantConfigStore(new Map(), "acme"),
 *   new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * ]);
 * assertEquals((await store.getClientConfig()).tokenEndpoint, "https://auth.example.com/oauth/token");
 * ```
 */
export class ChainClientConfigStore extends ClientConfigStore {
  readonly #stores: readonly ClientConfigStore[];

  /**
   * Keeps the stores; asks none.
   *
   * @param stores The stores, in order.
   * @throws {TypeError} If there are none, or one isn't a config store.
   */
  constructor(stores: readonly ClientConfigStore[]) {
    super();
    if (!Array.isArray(stores) || stores.length === 0) {
      throw new TypeError("stores must be a non-empty array of ClientConfigStore.");
    }
    stores.forEach((store, index) => {
      if (typeof store?.getClientConfig !== "function") {
        throw new TypeError(`stores[${index}] must be a ClientConfigStore.`);
      }
    });
    this.#stores = [...stores];
  }

  /**
   * Returns the settings of the first store that has some.
   *
   * @param request The caller's signal, `fetch` and authentication method, for each store.
   * @returns The settings.
   * @throws {AuthenticationError} If none has any (`config_not_found`), or one failed (its own code, else
   * `config_store_failed`). The message names all stores that were asked.
   */
  override async getClientConfig(request: ClientConfigRequest = {}): Promise<ClientConfig> {
    const tried: string[] = [];
    for (const store of this.#stores) {
      request.signal?.throwIfAborted();
      try {
        const config = await store.getClientConfig(request);
        // The types forbid it, but JavaScript has no types.
        if (config !== undefined && config !== null) return config;
        tried.push(getName(store));
      } catch (error) {
        request.signal?.throwIfAborted();
        if (!isAbsent(error)) throw createStoreError(error, getName(store), tried);
        tried.push(`${getName(store)} (${error.message})`);
      }
    }
    throw new AuthenticationError(
      "config_not_found",
      `Cannot find the client's settings. Stores without settings: ${tried.join(", ")}.`,
    );
  }
}

function isAbsent(error: unknown): error is AuthenticationError {
  return error instanceof AuthenticationError && error.code === "config_not_found";
}

/** Creates the error that ends the search; it names the stores that were asked before. */
function createStoreError(error: unknown, name: string, tried: readonly string[]): AuthenticationError {
  const before = tried.length === 0 ? "" : ` Stores without settings: ${tried.join(", ")}.`;
  if (!(error instanceof AuthenticationError)) {
    return new AuthenticationError(
      "config_store_failed",
      `Cannot get the client's settings from ${name}: see the cause.${before}`,
      { cause: error },
    );
  }
  const { code, message, status, retryable, error: serverError, error_description, retryAfter, cause } = error;
  return new AuthenticationError(code, `Cannot get the client's settings from ${name}: ${message}${before}`, {
    status,
    retryable,
    error: serverError,
    error_description,
    retryAfter,
    ...cause !== undefined && { cause },
  });
}

function getName(store: ClientConfigStore): string {
  return store.constructor?.name || "an unnamed store";
}
