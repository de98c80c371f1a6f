/**
 * Settings from the environment.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { type ClientConfig, ClientConfigStore } from "../config_store/client_config_store.ts";
import { checkEnvOptions, type EnvOptions, EnvReader, type EnvSource } from "./env_settings.ts";

const storeSettings = ["tokenEndpoint", "issuer", "scopes", "audience", "headerKey"] as const;

/**
 * Reads the settings from the environment at each token request.
 *
 * `M2M_TOKEN_ENDPOINT` is required; `M2M_ISSUER`, `M2M_SCOPES` (separated by spaces or commas), `M2M_AUDIENCE` and
 * `M2M_HEADER_KEY` are optional. An empty variable counts as unset. Deno needs permission for these five names:
 * `--allow-env=M2M_TOKEN_ENDPOINT,M2M_ISSUER,M2M_SCOPES,M2M_AUDIENCE,M2M_HEADER_KEY`, or `--allow-env=M2M_*`.
 *
 * @example On Deno, Bun and Node
 * ```ts
 * import { EnvClientConfigStore } from "@m2m/authenticator/config-store/env";
 * import process from "node:process";
 *
 * process.env.ACME_TOKEN_ENDPOINT = "https://auth.example.com/oauth/token";
 * const store = new EnvClientConfigStore({ prefix: "ACME_" });
 * console.log(store.getClientConfig().tokenEndpoint);
 * ```
 *
 * @example On Cloudflare Workers
 * ```ts
 * import { EnvClientConfigStore } from "@m2m/authenticator/config-store/env";
 *
 * interface Env {
 *   M2M_TOKEN_ENDPOINT: string;
 * }
 * const worker = {
 *   fetch(_request: Request, env: Env): Response {
 *     const store = new EnvClientConfigStore({ env });
 *     return new Response(String(store.getClientConfig().tokenEndpoint));
 *   },
 * };
 * worker.fetch(new Request("https://api.example.com"), { M2M_TOKEN_ENDPOINT: "https://auth.example.com/oauth/token" });
 * ```
 */
export class EnvClientConfigStore extends ClientConfigStore {
  readonly #source: EnvSource;

  /**
   * Checks the options; reads nothing yet.
   *
   * @param options The variables' names, and the object to read.
   * @throws {TypeError} If an option can't be used, or no variable is named for the token endpoint.
   */
  constructor(options: EnvOptions = {}) {
    super();
    this.#source = checkEnvOptions(options);
    if (this.#source.names.tokenEndpoint === undefined) {
      throw new TypeError("names.tokenEndpoint must be the name of a variable.");
    }
  }

  /**
   * Reads the current settings.
   *
   * @returns The settings.
   * @throws {AuthenticationError} With code `config_not_found` if none of the variables is set; with `invalid_config` if
   * the token endpoint is missing or a value can't be used; with `permission_denied` if Deno may not read a variable. The
   * message has all names concerned, and no value.
   */
  override getClientConfig(): ClientConfig {
    const reader = new EnvReader(this.#source, storeSettings);
    if (!storeSettings.some((setting) => reader.isSet(setting))) {
      const names = storeSettings.map((setting) => this.#source.names[setting]).filter((name) => name !== undefined);
      throw new AuthenticationError(
        "config_not_found",
        `Cannot find the client's settings in the environment: none of ${names.join(", ")} is set.`,
      );
    }
    reader.require("tokenEndpoint");
    const { error, settings: { tokenEndpoint = "", ...others } } = reader;
    if (error !== undefined) throw error;
    return { ...others, tokenEndpoint };
  }
}
