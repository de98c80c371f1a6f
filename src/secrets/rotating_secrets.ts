/**
 * Secrets that are valid side by side while one takes the place of the other.
 *
 * @module
 */

import { checkSecret, type ClientSecret, type SecretAttempt } from "../client_auth/client_auth.ts";

export type { ClientSecret, SecretAttempt };

/**
 * One secret out of several, for the time of a rotation: whichever of both ends learns of the new secret first, and
 * whenever the old one goes, no token request fails for it.
 *
 * What gave the secret used last is asked first, and alone; the others follow, in their order, only where it has none,
 * or only the one that the server has just refused. So a rotation costs one refused request, and not one for each
 * token, and a function nobody needs yet may fail, or never answer. A function that throws, or gives nothing, is passed
 * over as long as another one gives a secret: the file of an old secret may be gone. One that never answers is waited
 * for once its turn has come, until the token request's time is up.
 *
 * Within one token request one other secret is tried (by `getToken`, which asks once, none). With three secrets or more
 * the right one may be the third: then the first request fails, and the next one goes on from there.
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
 * console.log((await authenticator.getCredentials()).tokenType); // Bearer, though the first one is refused
 * ```
 *
 * @param secrets The secrets, or functions that look them up each time, `secretFile(path)` among them; the one to begin
 * with first.
 * @returns What `clientSecret`, `clientSecretBasic`, `clientSecretPost` and `clientSecretJwt` take. It rejects with
 * what the first function asked threw if none gives a secret.
 * @throws {TypeError} If there are none, or one can't be a secret.
 */
export function rotatingSecrets(
  secrets: readonly ClientSecret[],
): (attempt?: SecretAttempt) => Promise<string> {
  if (!Array.isArray(secrets) || secrets.length === 0) {
    throw new TypeError("secrets must be an array of one secret or more.");
  }
  const given = secrets.map((secret) => {
    checkSecret(secret);
    return secret;
  });
  let lastUsed = 0;
  return async (attempt) => {
    const first = lastUsed;
    const failures: unknown[] = [];
    let refused: string | undefined;
    for (let turn = 0; turn < given.length; turn++) {
      const index = (first + turn) % given.length;
      try {
        const secret = await lookUp(given[index]!, attempt);
        if (!secret) continue;
        if (secret !== attempt?.refused) {
          lastUsed = index;
          return secret;
        }
        refused = secret;
      } catch (error) {
        failures.push(error);
      }
    }
    // Nothing but what was refused is there: given once more, it isn't sent again.
    if (refused === undefined && failures.length > 0) throw failures[0];
    return refused ?? "";
  };
}

async function lookUp(secret: ClientSecret, attempt: SecretAttempt | undefined): Promise<string> {
  return typeof secret === "function" ? await secret(attempt) : secret;
}
