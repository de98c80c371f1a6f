/**
 * Settings from Flyte's config file, `~/.flyte/config.yaml`: its section `admin`.
 *
 * ```ts
 * import { authenticatorFromFlyteConfig } from "@m2m/authenticator/config-store/flyte-config-file";
 *
 * // What stands in the file: read it by Deno.readTextFile, or by readFile of node:fs/promises.
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

import { secretFile } from "../secrets/secret_file.ts";
import { ClientCredentialsAuthenticator, type ClientCredentialsAuthenticatorOptions } from "../client_credentials.ts";
import { faultOfNamed, readVariable } from "../env/environment.ts";
import { FlyteClientConfigStore } from "./flyte_store.ts";
import { type FlyteConfig, parseFlyteConfig } from "./config_file.ts";
import { checkPlatform } from "../env/platform_url.ts";
import { allows, clientCredentials } from "../env/setting_rules.ts";
import { AuthenticationError, type AuthenticationErrorCode } from "../errors.ts";

export { type FlyteConfig, parseFlyteConfig };

/** Settings of {@linkcode authenticatorFromFlyteConfig}: what is given here counts in place of what the file says. */
export interface AuthenticatorFromFlyteConfigOptions extends Partial<ClientCredentialsAuthenticatorOptions> {
  /**
   * An object in which to look for the variable that `clientSecretEnvVar` names, in place of the environment of the process:
   * a worker's bindings, say. Default: the environment of Deno, Bun or Node.
   */
  env?: object | undefined;
}

/**
 * An authenticator for the platform that Flyte's config file names. What is wrong with the file is said at once.
 *
 * | in `admin` | what it holds |
 * |---|---|
 * | `endpoint` | the platform: `dns:///flyte.example.com`, `flyte.example.com:8089` or a URL |
 * | `insecure` | `true` if it is spoken to without TLS |
 * | `insecureSkipVerify` | `true` if its certificate isn't verified; it doesn't count where there is a `caCertFilePath` |
 * | `caCertFilePath` | the path of a PEM file with authorities to trust besides the runtime's own |
 * | `httpProxyURL` | an HTTP proxy for all requests |
 * | `authType` | must be `ClientSecret` (`client_credentials`, `basic`), or absent |
 * | `clientId` | the client's identifier |
 * | `clientSecretEnvVar` | the name of an environment variable that holds the client's secret; or |
 * | `clientSecretLocation` | the path of a file that holds it, where line breaks at the end don't count |
 * | `scopes`, `audience`, `authorizationHeader` | what is used in place of what the platform says; not needed |
 *
 * Where both of the secret's places are written, `clientSecretEnvVar` decides, as in flytekit: `clientSecretLocation` isn't
 * looked at then, not even where the variable is missing. The place is looked at each time a token is asked for. The rest the
 * platform says itself, as by `FlyteClientConfigStore`.
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
 * console.log(authenticator.credentials); // undefined: nobody has been asked yet
 * ```
 *
 * @param source The file's text.
 * @param options What else is to be known; as for the constructor of `ClientCredentialsAuthenticator`.
 * @returns The authenticator.
 * @throws {AuthenticationError} With code `invalid_config` if something in the file is missing or can't be used, or it has
 * people sign in; with `permission_denied` as `parseFlyteConfig` does.
 * @throws {TypeError} If an option can't be what it should be.
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
  const platform = platformOf(config, given);
  const isOwnWayOut = given.fetch !== undefined;
  return new ClientCredentialsAuthenticator({
    ...given,
    endpoint: given.endpoint ?? platform.endpoint,
    clientId: given.clientId ?? clientId ?? "",
    ...given.clientAuth === undefined && { clientSecret: given.clientSecret ?? secretFrom(config, env) },
    httpProxyUrl: given.httpProxyUrl ?? (isOwnWayOut ? undefined : httpProxyUrl),
    // An authority that is named is used: it can't be meant that nothing is verified.
    verify: given.verify ?? (isOwnWayOut ? undefined : caCertFilePath ?? (insecureSkipVerify ? false : undefined)),
    configStore: given.configStore ?? platform,
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
    isSecretGiven || authType === undefined || allows(clientCredentials, authType)
      ? []
      : "admin.authType must be ClientSecret: the other ways to sign in are for people",
  ].flat();
  if (faults.length > 0) throw failure("invalid_config", faults.join("; "));
}

function platformOf(config: FlyteConfig, given: Given): FlyteClientConfigStore {
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

/** Gives the secret as it is now. */
function secretFrom(
  { clientSecretEnvVar, clientSecretLocation = "" }: FlyteConfig,
  env: object | undefined,
): () => Promise<string> {
  if (clientSecretEnvVar === undefined) return secretFile(clientSecretLocation);
  // deno-lint-ignore require-await
  return async () => {
    const variable = readVariable(clientSecretEnvVar, env);
    if (typeof variable === "object") return variable.text;
    throw failure(
      variable === "denied" ? "permission_denied" : "invalid_config",
      faultOfNamed("admin.clientSecretEnvVar", variable),
    );
  };
}

function failure(code: AuthenticationErrorCode, faults: string): AuthenticationError {
  return new AuthenticationError(code, `Cannot use Flyte's config file: ${faults}.`);
}
