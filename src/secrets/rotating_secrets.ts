/**
 * Several secrets of one client, for the time of a rotation.
 *
 * @module
 */

import { checkSecret, type ClientSecret, type SecretAttempt, type SecretFunction } from "../client_auth/client_auth.ts";

export type { ClientSecret, SecretAttempt, SecretFunction };

/**
 * Picks one of several secrets, so that no token request fails while secrets are rotated.
 *
 * The secret used last comes first. The others follow, in their order, only if it is missing or the server has just
 * refused it: a rotation costs one refused request, and a function isn't called before its secret is needed. Where the
 * server may have refused something else, the other one is kept only if it is accepted. A function
 * that throws, or returns nothing, is skipped as long as another returns a secret. One that never returns delays the
 * token request until its timeout.
 *
 * A token request tries one other secret (`getToken`, which sends one request, none). With three secrets or more the
 * right one may be the third: then the first token request fails, and the next one continues from there.
 *
 * @example
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { rotatingSecrets } from "@m2m/authenticator/client-auth/rotating-secrets";
 *
 * const vault = { read: (version: string) => Promise.resolve(version === "current" ? "my-secret" : "my-old-secret") };
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: rotatingSecrets([() => vault.read("previous"), () => vault.read("current")]),
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * console.log((await authenticator.getCredentials()).tokenType); // Bearer, though the server refuses the first one
 * ```
 *
 * @param secrets The secrets, or functions that look them up each time, such as `secretFile(path)`.
 * @returns A value for `clientSecret`, `clientSecretBasic`, `clientSecretPost` and `clientSecretJwt`. It rejects with the
 * first function's error if none returns a secret.
 * @throws {TypeError} If the array is empty, or an element isn't a secret.
 */
export function rotatingSecrets(
  secrets: readonly ClientSecret[],
): ((attempt?: SecretAttempt) => Promise<string>) & Required<Pick<SecretFunction, "accepted">> {
  if (!Array.isArray(secrets) || secrets.length === 0) {
    throw new TypeError("secrets must be an array with at least one secret.");
  }
  const copied = [...secrets];
  copied.forEach(checkSecret);
  let lastUsed = 0;
  let tried: { secret: string; index: number } | undefined;
  const next = async (attempt?: SecretAttempt) => {
    const first = lastUsed;
    const failures: unknown[] = [];
    let refused: string | undefined;
    for (let turn = 0; turn < copied.length; turn++) {
      const index = (first + turn) % copied.length;
      try {
        const secret = await lookUp(copied[index]!, attempt);
        if (!secret) continue;
        if (secret !== attempt?.refused) {
          tried = { secret, index };
          // The one before may be right all the same.
          if (!attempt?.isUncertain) lastUsed = index;
          return secret;
        }
        refused = secret;
      } catch (error) {
        failures.push(error);
      }
    }
    // The caller doesn't send a refused secret again.
    if (refused === undefined && failures.length > 0) throw failures[0];
    return refused ?? "";
  };
  const accepted = (secret: string) => {
    if (secret === tried?.secret) lastUsed = tried.index;
  };
  return Object.assign(next, { accepted });
}

async function lookUp(secret: ClientSecret, attempt: SecretAttempt | undefined): Promise<string> {
  return typeof secret === "function" ? await secret(attempt) : secret;
}
