/**
 * The environment variable of each setting.
 *
 * @module
 */

/** Names the variable of each setting. A setting without a name isn't read. */
export interface EnvNames {
  /** Absolute URL of the API. */
  readonly endpoint?: string | undefined;
  /** The client's identifier. */
  readonly clientId?: string | undefined;
  /** The client's secret. */
  readonly clientSecret?: string | undefined;
  /** The path of a file with the secret; line breaks at its end are ignored. Takes precedence over `clientSecret`. */
  readonly clientSecretFile?: string | undefined;
  /** The name of another variable with the secret. Takes precedence over the file. */
  readonly clientSecretEnvVar?: string | undefined;
  /** Absolute URL of the token endpoint. */
  readonly tokenEndpoint?: string | undefined;
  /** Scopes to request, separated by spaces or commas. */
  readonly scopes?: string | undefined;
  /** The API the token is for. */
  readonly audience?: string | undefined;
  /** The header that carries the token. */
  readonly headerKey?: string | undefined;
  /** The authorization server's issuer identifier. */
  readonly issuer?: string | undefined;
  /**
   * `true` to call the endpoint without TLS. Where this has a name, the endpoint may be a gRPC target: `dns:///host:443`
   * or `host:443`.
   */
  readonly insecure?: string | undefined;
  /** `true` to skip the verification of certificates. */
  readonly insecureSkipVerify?: string | undefined;
  /** The path of a PEM file with more certificate authorities. */
  readonly caFile?: string | undefined;
  /** An HTTP proxy for all requests. */
  readonly httpProxyUrl?: string | undefined;
  /** How to authenticate: must be client credentials, in any of Flyte's spellings. */
  readonly authMode?: string | undefined;
}

/**
 * Returns the usual names.
 *
 * They are `M2M_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_CLIENT_SECRET`, `M2M_CLIENT_SECRET_FILE`,
 * `M2M_CLIENT_SECRET_ENV_VAR`, `M2M_TOKEN_ENDPOINT`, `M2M_SCOPES`, `M2M_AUDIENCE`, `M2M_HEADER_KEY` and `M2M_ISSUER`.
 *
 * @example Another name for one setting
 * ```ts
 * import { EnvClientConfigStore, envNames } from "@m2m/authenticator/config-store/env";
 * import { assertEquals } from "@std/assert";
 *
 * const store = new EnvClientConfigStore({
 *   names: { ...envNames("ACME_"), tokenEndpoint: "LOGIN_URL" },
 *   env: { LOGIN_URL: "https://auth.example.com/oauth/token", ACME_SCOPES: "api:read" },
 * });
 * assertEquals(store.getClientConfig().scopes, ["api:read"]);
 * ```
 *
 * @param prefix The beginning of each name.
 * @returns The names.
 * @throws {TypeError} If the prefix can't begin a variable's name.
 */
export function envNames(prefix: string = "M2M_"): EnvNames {
  if (typeof prefix !== "string" || /[=\0\s]/.test(prefix)) {
    throw new TypeError('prefix must be the beginning of a variable\'s name, such as "M2M_".');
  }
  return {
    endpoint: `${prefix}ENDPOINT`,
    clientId: `${prefix}CLIENT_ID`,
    clientSecret: `${prefix}CLIENT_SECRET`,
    clientSecretFile: `${prefix}CLIENT_SECRET_FILE`,
    clientSecretEnvVar: `${prefix}CLIENT_SECRET_ENV_VAR`,
    tokenEndpoint: `${prefix}TOKEN_ENDPOINT`,
    scopes: `${prefix}SCOPES`,
    audience: `${prefix}AUDIENCE`,
    headerKey: `${prefix}HEADER_KEY`,
    issuer: `${prefix}ISSUER`,
  };
}

/** The names that Flyte's own clients read. None is the token endpoint's: pass a config store for it. */
export const flyteEnvNames: EnvNames = {
  endpoint: "FLYTE_PLATFORM_URL",
  insecure: "FLYTE_PLATFORM_INSECURE",
  insecureSkipVerify: "FLYTE_PLATFORM_INSECURE_SKIP_VERIFY",
  caFile: "FLYTE_PLATFORM_CA_CERT_FILE_PATH",
  httpProxyUrl: "FLYTE_PLATFORM_HTTP_PROXY_URL",
  clientId: "FLYTE_CREDENTIALS_CLIENT_ID",
  clientSecret: "FLYTE_CREDENTIALS_CLIENT_SECRET",
  clientSecretFile: "FLYTE_CREDENTIALS_CLIENT_SECRET_LOCATION",
  clientSecretEnvVar: "FLYTE_CREDENTIALS_CLIENT_SECRET_ENV_VAR",
  scopes: "FLYTE_CREDENTIALS_SCOPES",
  audience: "FLYTE_CREDENTIALS_AUDIENCE",
  authMode: "FLYTE_CREDENTIALS_AUTH_MODE",
};
