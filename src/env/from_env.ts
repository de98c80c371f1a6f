/**
 * Reads an authenticator's settings from the environment: `M2M_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_CLIENT_SECRET`,
 * `M2M_TOKEN_ENDPOINT` or `M2M_ISSUER`, and optionally `M2M_SCOPES`, `M2M_AUDIENCE` and `M2M_HEADER_KEY`.
 *
 * ```ts
 * import { authenticatorFromEnv } from "@m2m/authenticator/config-store/env";
 * import { parse } from "@std/dotenv";
 *
 * // The text of a .env file. Without `env`, the environment of the process is read.
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

import { namedSecretFile } from "./named_secret_file.ts";
import { ClientCredentialsAuthenticator, type ClientCredentialsAuthenticatorOptions } from "../client_credentials.ts";
import { checkUrl } from "../arguments.ts";
import type { ClientConfigStore } from "../config_store/client_config_store.ts";
import { DiscoveryClientConfigStore } from "../discovery/discovery.ts";
import { EnvClientConfigStore } from "./env.ts";
import { type EnvNames, envNames, flyteEnvNames } from "./env_names.ts";
import { makeSecretReader, requireNamedSecret, secretSettings } from "./env_secret.ts";
import { checkEnvOptions, type EnvOptions, EnvReader, type EnvSource } from "./env_settings.ts";
import { checkIssuer } from "../discovery/issuer.ts";
import { checkPlatform } from "./platform_url.ts";

export { EnvClientConfigStore, type EnvNames, envNames, type EnvOptions, flyteEnvNames };

/** Options of {@linkcode authenticatorFromEnv}. A setting that is passed here isn't read from the environment. */
export interface AuthenticatorFromEnvOptions extends EnvOptions, Partial<ClientCredentialsAuthenticatorOptions> {}

type Given = Partial<ClientCredentialsAuthenticatorOptions>;

/** The options that replace each setting of the environment. */
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
 * Makes an authenticator from the settings in the environment.
 *
 * | variable | what it holds |
 * |---|---|
 * | `M2M_ENDPOINT` | the API's absolute URL |
 * | `M2M_CLIENT_ID` | the client's identifier |
 * | `M2M_CLIENT_SECRET_ENV_VAR` | the name of another variable with the client's secret; or |
 * | `M2M_CLIENT_SECRET_FILE` | the path of a file with it, where line breaks at the end are ignored; or |
 * | `M2M_CLIENT_SECRET` | the secret itself |
 * | `M2M_TOKEN_ENDPOINT` | the token endpoint's absolute URL; or |
 * | `M2M_ISSUER` | the authorization server's issuer identifier, for `DiscoveryClientConfigStore` |
 * | `M2M_SCOPES` | scopes, separated by spaces or commas; optional |
 * | `M2M_AUDIENCE` | the API the token is for; optional |
 * | `M2M_HEADER_KEY` | the header that carries the token; optional |
 *
 * The first of the three secret settings that is set is used, and read for each token request: a secret may change while
 * the program runs. So may the token endpoint, scopes, audience and header, but not with `M2M_ISSUER`. An empty variable
 * counts as unset.
 *
 * On Deno this needs `--allow-env=M2M_*`, or the ten names, and permission for the variable (`--allow-env`) or the file
 * (`--allow-read`) with the secret.
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
 * @example With the names that Flyte's clients read
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
 * @param options The variables' names, the object to read, and options of `ClientCredentialsAuthenticator`.
 * @returns The authenticator.
 * @throws {AuthenticationError} With code `invalid_config` if variables are missing or invalid, with `permission_denied`
 * if Deno may not read them. The message names all of them.
 * @throws {TypeError} If an option can't be used, or a required setting has neither an option nor a variable's name.
 * @throws {RangeError} If an option is out of range.
 */
export function authenticatorFromEnv(options: AuthenticatorFromEnvOptions = {}): ClientCredentialsAuthenticator {
  const { prefix, names, env, ...given } = options;
  const source = checkEnvOptions({ prefix, names, env });
  const wanted = settingNames.filter((setting) => replacedBy[setting].every((option) => given[option] === undefined));
  const reader = new EnvReader(source, wanted);
  for (const settings of [["endpoint"], ["clientId"], secretSettings, ["tokenEndpoint", "issuer"]] as const) {
    if (!settings.some((setting) => wanted.includes(setting))) continue;
    if (settings.every((setting) => source.names[setting] === undefined)) {
      const [setting] = settings;
      throw new TypeError(`${replacedBy[setting][0]} must be set, or names.${setting} be the name of a variable.`);
    }
    reader.require(...settings);
  }
  if (wanted.includes("clientSecret")) requireNamedSecret(reader, source);
  const endpoint = given.endpoint ?? readEndpoint(reader, source, given);
  const configStore = given.configStore ?? discoverIssuer(reader, given);
  const { error, settings } = reader;
  if (error !== undefined) throw error;
  const { clientId, scopes, audience, headerKey, ...connection } = settings;
  const chosen = {
    ...given,
    endpoint,
    clientId: given.clientId ?? clientId ?? "",
    ...wanted.includes("clientSecret") && { clientSecret: makeSecretReader(source, namedSecretFile) },
    httpProxyUrl: given.httpProxyUrl ?? connection.httpProxyUrl,
    // A certificate authority that is named must not be ignored.
    verify: given.verify ?? connection.caFile ?? (connection.insecureSkipVerify ? false : undefined),
    ...given.verify === undefined && { verifyName: source.names.caFile },
  };
  // This store reads the settings for each token request, but those that are passed as options.
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

/** Returns a discovery store if the issuer is the only source of the token endpoint. */
function discoverIssuer(
  reader: EnvReader,
  { fetch, timeout, allowInsecureRequests, waitUntil, clock }: Given,
): ClientConfigStore | undefined {
  const { issuer } = reader.settings;
  if (issuer === undefined || reader.isSet("tokenEndpoint")) return undefined;
  try {
    checkIssuer(issuer, allowInsecureRequests);
  } catch {
    reader.addFault("issuer");
    return undefined;
  }
  // Outside the try block: its errors are about the options.
  return new DiscoveryClientConfigStore(issuer, { fetch, timeout, allowInsecureRequests, waitUntil, clock });
}

function readEndpoint(reader: EnvReader, { names }: EnvSource, { allowInsecureRequests }: Given): string {
  const { endpoint = "", insecure } = reader.settings;
  if (!reader.isSet("endpoint")) return endpoint;
  const isPlatform = names.insecure !== undefined;
  try {
    if (isPlatform) return checkPlatform(endpoint, { insecure, allowInsecureRequests });
    checkUrl("", endpoint);
  } catch {
    const must = `a platform's, such as dns:///flyte.example.com, and ${names.insecure} be true if it is http:`;
    reader.addFault("endpoint", isPlatform ? must : undefined);
  }
  return endpoint;
}
