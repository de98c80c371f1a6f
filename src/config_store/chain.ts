/**
 * Settings from the first of several places that has some.
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
 * A config store that asks others, one after the other and anew each time, and answers what the first one does that has
 * settings.
 *
 * A store says that it has none by throwing an `AuthenticationError` with the code `config_not_found`. That is not to say
 * that something is wrong, or missing in part: `EnvClientConfigStore` has none if not one of its variables is set,
 * `DiscoveryClientConfigStore` if its server publishes no metadata.
 *
 * Any other error ends the search, with its own code: settings that are wrong, or can't be read right now, are not to
 * be replaced by others, which might send the secret elsewhere.
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
   * Takes the stores; asks none.
   *
   * @param stores The stores, in the order in which they are asked.
   * @throws {TypeError} If there are none, or one isn't a config store.
   */
  constructor(stores: readonly ClientConfigStore[]) {
    super();
    if (!Array.isArray(stores) || stores.length === 0) {
      throw new TypeError("stores must be an array of one ClientConfigStore or more.");
    }
    stores.forEach((store, index) => {
      if (typeof store?.getClientConfig !== "function") {
        throw new TypeError(`stores[${index}] must be a ClientConfigStore.`);
      }
    });
    this.#stores = [...stores];
  }

  /**
   * The settings of the first store that has some.
   *
   * @param request A signal for this caller's wait, and its way out, for each store.
   * @returns The settings.
   * @throws {AuthenticationError} If none has any (`config_not_found`), or one failed (its own code, else
   * `config_store_failed`). All stores asked are named.
   */
  override async getClientConfig(request: ClientConfigRequest = {}): Promise<ClientConfig> {
    const tried: string[] = [];
    for (const store of this.#stores) {
      request.signal?.throwIfAborted();
      try {
        const config = await store.getClientConfig(request);
        // Types forbid it; yet who writes JavaScript says "none" like this.
        if (config !== undefined && config !== null) return config;
        tried.push(nameOf(store));
      } catch (error) {
        request.signal?.throwIfAborted();
        if (!isAbsent(error)) throw stopped(error, nameOf(store), tried);
        tried.push(`${nameOf(store)} (${error.message})`);
      }
    }
    throw new AuthenticationError(
      "config_not_found",
      `Cannot find the client's settings. Asked, and without any: ${tried.join(", ")}.`,
    );
  }
}

function isAbsent(error: unknown): error is AuthenticationError {
  return error instanceof AuthenticationError && error.code === "config_not_found";
}

/** The error that ended the search, and the names of those that were asked. */
function stopped(error: unknown, name: string, tried: readonly string[]): AuthenticationError {
  const before = tried.length === 0 ? "" : ` Asked before, and without any: ${tried.join(", ")}.`;
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

function nameOf(store: ClientConfigStore): string {
  return store.constructor?.name || "a store without a name";
}
