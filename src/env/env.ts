/**
 * Settings from the environment.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { type ClientConfig, ClientConfigStore } from "../config_store/client_config_store.ts";
import { checkEnvOptions, type EnvOptions, EnvReading, type EnvSource } from "./env_settings.ts";

const wanted = ["tokenEndpoint", "issuer", "scopes", "audience", "headerKey"] as const;

/**
 * A config store that reads the environment, each time it is asked: `M2M_TOKEN_ENDPOINT`, and where they are set
 * `M2M_ISSUER`, `M2M_SCOPES` (separated by spaces or commas), `M2M_AUDIENCE` and `M2M_HEADER_KEY`. An empty variable is
 * one that isn't set. On Deno these five names are all that must be allowed:
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
   * Reads nothing yet.
   *
   * @param options Where to read what.
   * @throws {TypeError} If the options can't be what they should be, or name no variable for the token endpoint.
   */
  constructor(options: EnvOptions = {}) {
    super();
    this.#source = checkEnvOptions(options);
    if (this.#source.names.tokenEndpoint === undefined) {
      throw new TypeError("names.tokenEndpoint must be the name of a variable: there is no other place to look.");
    }
  }

  /**
   * The settings as they stand in the environment now.
   *
   * @returns The settings.
   * @throws {AuthenticationError} With code `config_not_found` if not one of the variables is set; with `invalid_config` if
   * the token endpoint's is missing, or what stands there can't be used; with `permission_denied` if Deno may not read
   * them. All names concerned are in the message, and no value.
   */
  override getClientConfig(): ClientConfig {
    const reading = new EnvReading(this.#source, wanted);
    if (!wanted.some((setting) => reading.isSet(setting))) {
      const names = wanted.map((setting) => this.#source.names[setting]).filter((name) => name !== undefined);
      throw new AuthenticationError(
        "config_not_found",
        `Cannot find the client's settings in the environment: none of ${names.join(", ")} is set.`,
      );
    }
    reading.require("tokenEndpoint");
    const { error, settings: { tokenEndpoint = "", ...others } } = reading;
    if (error !== undefined) throw error;
    return { ...others, tokenEndpoint };
  }
}
