/**
 * Settings from the environment: `M2M_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_CLIENT_SECRET`, `M2M_TOKEN_ENDPOINT` or
 * `M2M_ISSUER`, and where they are set `M2M_SCOPES`, `M2M_AUDIENCE` and `M2M_HEADER_KEY`.
 *
 * ```ts
 * import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";
 * import { parse } from "@std/dotenv";
 *
 * // What stands in a .env file. Without `env`, the environment of the process is read.
 * const env = parse(`
 *   M2M_ENDPOINT=https://api.example.com
 *   M2M_TOKEN_ENDPOINT=https://auth.example.com/oauth/token
 *   M2M_CLIENT_ID=my-client
 *   M2M_CLIENT_SECRET=my-secret
 *   M2M_SCOPES="api:read api:write"
 * `);
 * const authenticator = authenticatorFromEnv({ env });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * @module
 */

import { secretFile } from "../secrets/secret_file.ts";
import { ClientCredentialsAuthenticator, type ClientCredentialsAuthenticatorOptions } from "../client_credentials.ts";
import { checkUrl } from "../arguments.ts";
import type { ClientConfigStore } from "../config_store/client_config_store.ts";
import { DiscoveryClientConfigStore } from "../discovery/discovery.ts";
import { EnvClientConfigStore } from "./env.ts";
import { type EnvNames, envNames, flyteEnvNames } from "./env_names.ts";
import { requireNamedSecret, secretFrom, secretPlaces } from "./env_secret.ts";
import { checkEnvOptions, type EnvOptions, EnvReading, type EnvSource } from "./env_settings.ts";
import { checkIssuer } from "../discovery/issuer.ts";
import { checkPlatform } from "./platform_url.ts";

export { EnvClientConfigStore, type EnvNames, envNames, type EnvOptions, flyteEnvNames };

/** Settings of {@linkcode authenticatorFromEnv}: what is given here isn't looked for in the environment. */
export interface AuthenticatorFromEnvOptions extends EnvOptions, Partial<ClientCredentialsAuthenticatorOptions> {}

type Given = Partial<ClientCredentialsAuthenticatorOptions>;

/** Which options make a setting of the environment superfluous. */
const replacedBy: Readonly<Record<keyof EnvNames, readonly (keyof Given)[]>> = {
  endpoint: ["endpoint"],
  insecure: ["endpoint"],
  clientId: ["clientId"],
  clientSecret: ["clientSecret", "clientAuth"],
  clientSecretFile: ["clientSecret", "clientAuth"],
  clientSecretEnvVar: ["clientSecret", "clientAuth"],
  authMode: ["clientSecret", "clientAuth"],
  tokenEndpoint: ["configStore"],
  issuer: ["configStore"],
  scopes: ["scopes"],
  audience: ["audience"],
  headerKey: ["headerKey"],
  httpProxyUrl: ["httpProxyUrl", "fetch"],
  caFile: ["verify", "fetch"],
  insecureSkipVerify: ["verify", "fetch"],
};

/**
 * An authenticator whose settings stand in the environment. What is wrong with them is said at once, by the variables'
 * names.
 *
 * | variable | what it holds |
 * |---|---|
 * | `M2M_ENDPOINT` | the API that is called, as an absolute URL |
 * | `M2M_CLIENT_ID` | the client's identifier |
 * | `M2M_CLIENT_SECRET_ENV_VAR` | the name of another variable that holds the client's secret; or |
 * | `M2M_CLIENT_SECRET_FILE` | the path of a file that holds it, where line breaks at the end don't count; or |
 * | `M2M_CLIENT_SECRET` | the secret itself |
 * | `M2M_TOKEN_ENDPOINT` | the token endpoint's absolute URL; or |
 * | `M2M_ISSUER` | the authorization server's issuer identifier: the rest is found as by `DiscoveryClientConfigStore` |
 * | `M2M_SCOPES` | scopes, separated by spaces or commas; not needed |
 * | `M2M_AUDIENCE` | the API the token is for; not needed |
 * | `M2M_HEADER_KEY` | the name of the header that carries the token; not needed |
 *
 * Of the secret's three places the first in this order counts. They are looked at each time a token is asked for, so a
 * secret may change while the program runs; so may what the token endpoint, scopes, audience and header are, except with
 * `M2M_ISSUER`, where they stay as they were. An empty variable is one that isn't set. An option that is given counts,
 * and its variable isn't read.
 *
 * On Deno it takes `--allow-env=M2M_*`, or the ten names; `--allow-env` for the variable, or `--allow-read` for the file,
 * that holds the secret.
 *
 * @example On Cloudflare Workers, with a secret from elsewhere
 * ```ts
 * import type { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";
 *
 * interface Env {
 *   M2M_ENDPOINT: string;
 *   M2M_ISSUER: string;
 *   M2M_CLIENT_ID: string;
 *   M2M_SCOPES: string;
 *   SECRET: { get(): Promise<string> };
 * }
 * let authenticator: ClientCredentialsAuthenticator | undefined;
 * const worker = {
 *   fetch(_request: Request, env: Env): Promise<Response> {
 *     authenticator ??= authenticatorFromEnv({ env, clientSecret: () => env.SECRET.get() });
 *     return authenticator.fetch("/v1/projects");
 *   },
 * };
 * const response = await worker.fetch(new Request("https://projects.example.com"), {
 *   M2M_ENDPOINT: "https://api.example.com",
 *   M2M_ISSUER: "https://auth.example.com",
 *   M2M_CLIENT_ID: "my-client",
 *   M2M_SCOPES: "api:read",
 *   SECRET: { get: () => Promise.resolve("my-secret") },
 * });
 * console.log(response.status, await response.json());
 * ```
 *
 * @example By the names that Flyte's clients read
 * ```ts
 * import { authenticatorFromEnv, flyteEnvNames } from "@m2m/authenticator/config-store/env";
 * import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
 *
 * const authenticator = authenticatorFromEnv({
 *   names: flyteEnvNames,
 *   configStore: new DiscoveryClientConfigStore("https://auth.example.com"),
 *   env: {
 *     FLYTE_PLATFORM_URL: "dns:///api.example.com",
 *     FLYTE_CREDENTIALS_CLIENT_ID: "my-client",
 *     FLYTE_CREDENTIALS_CLIENT_SECRET: "my-secret",
 *     FLYTE_CREDENTIALS_SCOPES: "api:read,api:write",
 *   },
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * @param options Where to read what; and, as for the constructor of `ClientCredentialsAuthenticator`, what isn't to be
 * read.
 * @returns The authenticator.
 * @throws {AuthenticationError} With code `invalid_config` if variables are missing or can't be used, with
 * `permission_denied` if Deno may not read them: all of them, by name.
 * @throws {TypeError} If an option can't be what it should be, or neither is given nor has a variable's name.
 * @throws {RangeError} If an option is out of range.
 */
export function authenticatorFromEnv(options: AuthenticatorFromEnvOptions = {}): ClientCredentialsAuthenticator {
  const { prefix, names, env, ...given } = options;
  const source = checkEnvOptions({ prefix, names, env });
  const wanted = settingNames.filter((setting) => replacedBy[setting].every((option) => given[option] === undefined));
  const reading = new EnvReading(source, wanted);
  for (const settings of [["endpoint"], ["clientId"], secretPlaces, ["tokenEndpoint", "issuer"]] as const) {
    if (!settings.some((setting) => wanted.includes(setting))) continue;
    if (settings.every((setting) => source.names[setting] === undefined)) {
      const [setting] = settings;
      throw new TypeError(`${replacedBy[setting][0]} must be given, or names.${setting} be the name of a variable.`);
    }
    reading.require(...settings);
  }
  if (wanted.includes("clientSecret")) requireNamedSecret(reading, source);
  const endpoint = given.endpoint ?? endpointIn(reading, source, given);
  const configStore = given.configStore ?? discoveryIn(reading, given);
  const { error, settings } = reading;
  if (error !== undefined) throw error;
  const { clientId, scopes, audience, headerKey, ...connection } = settings;
  const chosen = {
    ...given,
    endpoint,
    clientId: given.clientId ?? clientId ?? "",
    ...wanted.includes("clientSecret") && { clientSecret: secretFrom(source, secretFile) },
    httpProxyUrl: given.httpProxyUrl ?? connection.httpProxyUrl,
    // An authority that is named is used: it can't be meant that nothing is verified.
    verify: given.verify ?? connection.caFile ?? (connection.insecureSkipVerify ? false : undefined),
  };
  // This one reads scopes, audience and header itself, as they are when a token is asked for; but what is given.
  if (configStore === undefined) {
    const names = Object.fromEntries(wanted.map((setting) => [setting, source.names[setting]]));
    return new ClientCredentialsAuthenticator({ ...chosen, configStore: new EnvClientConfigStore({ names, env }) });
  }
  return new ClientCredentialsAuthenticator({
    ...chosen,
    scopes: given.scopes ?? scopes,
    audience: given.audience ?? audience,
    headerKey: given.headerKey ?? headerKey,
    configStore,
  });
}

const settingNames = Object.keys(replacedBy) as (keyof EnvNames)[];

/** Where nothing else says what the token endpoint is. */
function discoveryIn(
  reading: EnvReading,
  { fetch, timeout, allowInsecureRequests, waitUntil, clock }: Given,
): ClientConfigStore | undefined {
  const { issuer } = reading.settings;
  if (issuer === undefined || reading.isSet("tokenEndpoint")) return undefined;
  try {
    checkIssuer(issuer, allowInsecureRequests);
  } catch {
    reading.refuse("issuer");
    return undefined;
  }
  // What it throws is about what is given.
  return new DiscoveryClientConfigStore(issuer, { fetch, timeout, allowInsecureRequests, waitUntil, clock });
}

function endpointIn(reading: EnvReading, { names }: EnvSource, { allowInsecureRequests }: Given): string {
  const { endpoint = "", insecure } = reading.settings;
  if (!reading.isSet("endpoint")) return endpoint;
  const isPlatform = names.insecure !== undefined;
  try {
    if (isPlatform) return checkPlatform(endpoint, { insecure, allowInsecureRequests });
    checkUrl("", endpoint);
  } catch {
    const must = `a platform's, such as dns:///flyte.example.com, and ${names.insecure} be true if it is http:`;
    reading.refuse("endpoint", isPlatform ? must : undefined);
  }
  return endpoint;
}
