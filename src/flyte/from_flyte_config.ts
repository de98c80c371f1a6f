/**
 * Reads an authenticator's settings from Flyte's config file, `~/.flyte/config.yaml`.
 *
 * ```ts
 * import { authenticatorFromFlyteConfig } from "@m2m/authenticator/config-store/flyte-config-file";
 *
 * // The file's text: read it by Deno.readTextFile, or by readFile of node:fs/promises.
 * const source = `
 *   admin:
 *     endpoint: dns:///flyte.example.com
 *     authType: ClientSecret
 *     clientId: my-client
 *     clientSecretEnvVar: FLYTE_CLIENT_SECRET
 * `;
 * // Without `env`, the environment of the process is read.
 * const authenticator = authenticatorFromFlyteConfig(source, { env: { FLYTE_CLIENT_SECRET: "my-secret" } });
 * const response = await authenticator.fetch("/api/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * @module
 */

import { namedSecretFile } from "../env/named_secret_file.ts";
import { ClientCredentialsAuthenticator, type ClientCredentialsAuthenticatorOptions } from "../client_credentials.ts";
import { describeNamedFault, readVariable } from "../env/environment.ts";
import { FlyteClientConfigStore } from "./flyte_store.ts";
import { type FlyteConfig, parseFlyteConfig } from "./config_file.ts";
import { checkPlatform } from "../env/platform_url.ts";
import { clientCredentials, isAllowed } from "../env/setting_rules.ts";
import { AuthenticationError, type AuthenticationErrorCode } from "../errors.ts";

export { type FlyteConfig, parseFlyteConfig };

/** Options of {@linkcode authenticatorFromFlyteConfig}. They take precedence over the file. */
export interface AuthenticatorFromFlyteConfigOptions extends Partial<ClientCredentialsAuthenticatorOptions> {
  /**
   * An object to read `clientSecretEnvVar`'s variable from, such as a worker's bindings. Default: the environment of Deno,
   * Bun or Node.
   */
  env?: object | undefined;
}

/**
 * Makes an authenticator from Flyte's config file.
 *
 * | in `admin` | what it holds |
 * |---|---|
 * | `endpoint` | the platform: `dns:///flyte.example.com`, `flyte.example.com:8089` or a URL |
 * | `insecure` | `true` to call it without TLS |
 * | `insecureSkipVerify` | `true` to skip the verification of its certificate; ignored with `caCertFilePath` |
 * | `caCertFilePath` | the path of a PEM file with more certificate authorities |
 * | `httpProxyURL` | an HTTP proxy for all requests |
 * | `authType` | must be `ClientSecret` (`client_credentials`, `basic`), or absent |
 * | `clientId` | the client's identifier |
 * | `clientSecretEnvVar` | the name of an environment variable with the client's secret; or |
 * | `clientSecretLocation` | the path of a file with it, where line breaks at the end are ignored |
 * | `scopes`, `audience`, `authorizationHeader` | overrides of the platform's settings; optional |
 *
 * The secret is read for each token request: from `clientSecretEnvVar`'s variable if that is set, as in flytekit, even if
 * the variable is missing. `FlyteClientConfigStore` reads the rest from the platform.
 *
 * @example
 * ```ts
 * import { authenticatorFromFlyteConfig } from "@m2m/authenticator/config-store/flyte-config-file";
 *
 * const authenticator = authenticatorFromFlyteConfig(`
 *   admin:
 *     endpoint: dns:///flyte.example.com
 *     authType: ClientSecret
 *     clientId: my-client
 *     clientSecretLocation: /etc/secrets/client_secret
 * `);
 * console.log(authenticator.credentials); // undefined: no token has been requested yet
 * ```
 *
 * @param source The file's text.
 * @param options As for the constructor of `ClientCredentialsAuthenticator`.
 * @returns The authenticator.
 * @throws {AuthenticationError} With code `invalid_config` if something in the file is missing or can't be used, or its
 * `authType` is for people.
 * @throws {TypeError} If an option can't be used.
 * @throws {RangeError} If an option is out of range.
 */
export function authenticatorFromFlyteConfig(
  source: string,
  options: AuthenticatorFromFlyteConfigOptions = {},
): ClientCredentialsAuthenticator {
  const { env, ...given } = options;
  const config = parseFlyteConfig(source);
  checkConfig(config, given);
  const { clientId, httpProxyUrl, caCertFilePath, insecureSkipVerify } = config;
  const store = createStore(config, given);
  const hasOwnFetch = given.fetch !== undefined;
  return new ClientCredentialsAuthenticator({
    ...given,
    endpoint: given.endpoint ?? store.endpoint,
    clientId: given.clientId ?? clientId ?? "",
    ...given.clientAuth === undefined && { clientSecret: given.clientSecret ?? makeSecretReader(config, env) },
    httpProxyUrl: given.httpProxyUrl ?? (hasOwnFetch ? undefined : httpProxyUrl),
    // A certificate authority that is named must not be ignored.
    verify: given.verify ?? (hasOwnFetch ? undefined : caCertFilePath ?? (insecureSkipVerify ? false : undefined)),
    ...given.verify === undefined && { verifyName: "admin.caCertFilePath" },
    configStore: given.configStore ?? store,
  });
}

type Given = Partial<ClientCredentialsAuthenticatorOptions>;

function checkConfig(config: FlyteConfig, given: Given): void {
  const { endpoint, clientId, authType } = config;
  const isSecretGiven = given.clientSecret !== undefined || given.clientAuth !== undefined;
  const faults = [
    given.endpoint ?? endpoint ? [] : "admin.endpoint is missing",
    given.endpoint !== undefined || endpoint === undefined || isPlatform(config, given)
      ? []
      : "admin.endpoint must be a platform's, such as dns:///flyte.example.com, and admin.insecure be true if it is http:",
    given.clientId ?? clientId ? [] : "admin.clientId is missing",
    isSecretGiven || config.clientSecretEnvVar || config.clientSecretLocation
      ? []
      : "admin.clientSecretLocation is missing (or admin.clientSecretEnvVar)",
    isSecretGiven || authType === undefined || isAllowed(clientCredentials, authType)
      ? []
      : "admin.authType must be ClientSecret: the other ways to sign in are for people",
  ].flat();
  if (faults.length > 0) throw makeError("invalid_config", faults.join("; "));
}

function createStore(config: FlyteConfig, given: Given): FlyteClientConfigStore {
  const { timeout, allowInsecureRequests, waitUntil, clock } = given;
  const { endpoint = "", insecure, scopes, audience, authorizationHeader: headerKey } = config;
  const overrides = { scopes, audience, headerKey };
  return new FlyteClientConfigStore(given.endpoint ?? endpoint, {
    insecure,
    overrides,
    timeout,
    allowInsecureRequests,
    waitUntil,
    clock,
  });
}

function isPlatform({ endpoint, insecure }: FlyteConfig, { allowInsecureRequests }: Given): boolean {
  try {
    return checkPlatform(endpoint, { insecure, allowInsecureRequests }) !== "";
  } catch {
    return false;
  }
}

/** Returns a function that looks up the secret. */
function makeSecretReader(
  { clientSecretEnvVar, clientSecretLocation = "" }: FlyteConfig,
  env: object | undefined,
): () => Promise<string> {
  if (clientSecretEnvVar === undefined) return namedSecretFile(clientSecretLocation, "admin.clientSecretLocation");
  // deno-lint-ignore require-await
  return async () => {
    const variable = readVariable(clientSecretEnvVar, env);
    if (typeof variable === "object") return variable.text;
    throw makeError(
      variable === "denied" ? "permission_denied" : "invalid_config",
      describeNamedFault("admin.clientSecretEnvVar", variable),
    );
  };
}

function makeError(code: AuthenticationErrorCode, faults: string): AuthenticationError {
  return new AuthenticationError(code, `Cannot use Flyte's config file: ${faults}.`);
}
