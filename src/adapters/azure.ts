/**
 * Tokens for clients that take Azure's `TokenCredential`.
 *
 * @module
 */

import { checkFunction, throwInvalid } from "../arguments.ts";
import type { Credentials } from "../credentials.ts";
import { type AbortSignalLike, withSignal } from "./abort_signals.ts";
import { throwIfBound } from "./bound_tokens.ts";

export type { AbortSignalLike } from "./abort_signals.ts";

/** What is needed of an authenticator. */
export interface AzureAuthenticator {
  /**
   * Returns live credentials.
   *
   * @param options A signal for the wait.
   * @returns The credentials.
   */
  getCredentials(options?: { signal?: AbortSignal | undefined }): Promise<Credentials>;
  /**
   * Requests new credentials.
   *
   * @param options The rejected ones, and a signal for the wait.
   * @returns The credentials.
   */
  refreshCredentials(
    options?: { rejected?: Credentials | undefined; signal?: AbortSignal | undefined },
  ): Promise<Credentials>;
  /**
   * Derives an authenticator.
   *
   * @param changes The options that differ.
   * @returns The authenticator.
   */
  with(
    changes: {
      scopes?: readonly string[] | undefined;
      parameters?: Readonly<Record<string, string | readonly string[]>> | undefined;
    },
  ): AzureAuthenticator;
}

/** Options of {@linkcode azureCredential}. */
export interface AzureCredentialOptions {
  /**
   * Whose scopes are requested: the `"authenticator"`'s, or the `"client"`'s, such as `https://storage.azure.com/.default`.
   * Default: `"authenticator"`.
   */
  scopesFrom?: "authenticator" | "client" | undefined;
}

/** Options of {@linkcode AzureCredential.getToken}. Others aren't read. */
export interface GetTokenOptions {
  /** Ends the wait for the token. */
  abortSignal?: AbortSignalLike | undefined;
  /** The claims that the API demands, which has rejected the token (Continuous Access Evaluation). */
  claims?: string | undefined;
}

/** An access token, as Azure's clients know it. */
export interface AzureAccessToken {
  /** The token itself. */
  token: string;
  /** When it expires, in milliseconds since the epoch. */
  expiresOnTimestamp: number;
  /** From when on the client asks again, and goes on with this token meanwhile: at once. */
  refreshAfterTimestamp: number;
  /** How it is presented. */
  tokenType: "Bearer";
}

/** Gets tokens for Azure's clients: a `TokenCredential` of `@azure/core-auth`. */
export interface AzureCredential {
  /**
   * Gets a token.
   *
   * @param scopes What it is for.
   * @param options A signal, and claims.
   * @returns The token.
   * @throws {AuthenticationError} If no token is issued.
   * @throws The signal's reason, once it is aborted.
   */
  getToken(scopes: string | string[], options?: GetTokenOptions): Promise<AzureAccessToken>;
}

/** For how long a token is taken to live that doesn't say, in milliseconds. */
const unknownLifetime = 30_000;

/**
 * Makes a `TokenCredential` of an authenticator.
 *
 * Azure's clients keep a token until it nears its end. This one tells them to ask for each call, which costs no request: a
 * token that was replaced is used by the next call but one. When the API answers a call by a claims challenge, the client
 * asks with these claims, and they are sent to the token endpoint as `claims`. Any other 401 is the caller's.
 *
 * The client decides where the token goes: `endpoint` and `allowedOrigins` don't count here. It takes `https:` alone.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs the package @azure/storage-blob.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { azureCredential } from "@m2m/authenticator/adapters/azure";
 * import { BlobServiceClient } from "@azure/storage-blob";
 *
 * const tokenEndpoint = "https://login.microsoftonline.com/my-tenant/oauth2/v2.0/token";
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://my-account.blob.core.windows.net",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint }),
 * });
 * const credential = azureCredential(authenticator, { scopesFrom: "client" });
 * const client = new BlobServiceClient("https://my-account.blob.core.windows.net", credential);
 * ```
 *
 * @param authenticator Where the tokens come from.
 * @param options Whose scopes count.
 * @returns The credential.
 * @throws {TypeError} If an option can't be used.
 */
export function azureCredential(
  authenticator: AzureAuthenticator,
  options: AzureCredentialOptions = {},
): AzureCredential {
  const { scopesFrom = "authenticator" } = options;
  if (scopesFrom !== "authenticator" && scopesFrom !== "client") {
    throwInvalid("scopesFrom", '"authenticator" or "client"', scopesFrom);
  }
  checkFunction("authenticator.with", authenticator.with);
  /** The claims that were demanded last, by scopes. */
  const demanded = new Map<string, string>();
  const given = new WeakMap<AzureAuthenticator, Credentials>();

  async function getCredentials(
    scopes: readonly string[],
    claims: string | undefined,
    signal: AbortSignal | undefined,
  ) {
    const own = scopesFrom === "client" ? authenticator.with({ scopes }) : authenticator;
    const key = scopesFrom === "client" ? scopes.join(" ") : "";
    const isAgain = claims !== undefined && claims === demanded.get(key);
    if (claims !== undefined) demanded.set(key, claims);
    const parameter = demanded.get(key);
    const derived = parameter === undefined ? own : own.with({ parameters: { claims: parameter } });
    const rejected = isAgain ? given.get(derived) : undefined;
    const credentials =
      await (rejected ? derived.refreshCredentials({ rejected, signal }) : derived.getCredentials({ signal }));
    given.set(derived, credentials);
    return credentials;
  }

  return {
    async getToken(scopes, { abortSignal, claims } = {}) {
      const credentials = await withSignal(
        abortSignal,
        (signal) => getCredentials([scopes].flat(), claims, signal),
      );
      throwIfBound(credentials, "give a sender-constrained token to Azure's clients");
      const now = Date.now();
      const expiresOnTimestamp = credentials.expiresAt ?? now + unknownLifetime;
      // It must have passed.
      return {
        token: credentials.accessToken,
        expiresOnTimestamp,
        refreshAfterTimestamp: now - 1,
        tokenType: "Bearer",
      };
    },
  };
}
