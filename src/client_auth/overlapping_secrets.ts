/**
 * Secrets that are valid side by side while one takes the place of the other.
 *
 * @module
 */

import { checkSecret, type ClientSecret, type SecretAttempt } from "./client_auth.ts";

export type { ClientSecret, SecretAttempt };

/**
 * One secret out of several, for the time of a rotation: whichever of both ends learns of the new secret first, and
 * whenever the old one goes, no token request fails for it.
 *
 * The secret that was used last stays in use until the server refuses it; then the first one of the others is tried, in
 * the same breath (not by `getToken`, which asks once). So a rotation costs one refused request, and not one for each token. A function that throws, or gives
 * nothing, is passed over as long as another one gives a secret: the file of an old secret may be gone.
 *
 * @example
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { overlappingSecrets } from "@m2m/authenticator/client-auth/overlapping-secrets";
 *
 * const vault = { read: (version: string) => Promise.resolve(version === "current" ? "my-secret" : "my-old-secret") };
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: overlappingSecrets([() => vault.read("previous"), () => vault.read("current")]),
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * console.log((await authenticator.getCredentials()).tokenType); // Bearer, though the first one is refused
 * ```
 *
 * @param secrets The secrets, or functions that look them up each time, `secretFile(path)` among them; the one to begin
 * with first.
 * @returns What `clientSecret`, `clientSecretBasic`, `clientSecretPost` and `clientSecretJwt` take. It rejects with what
 * the first function threw if none gives a secret.
 * @throws {TypeError} If there are none, or one can't be a secret.
 */
export function overlappingSecrets(
  secrets: readonly ClientSecret[],
): (attempt?: SecretAttempt) => Promise<string> {
  if (!Array.isArray(secrets) || secrets.length === 0) {
    throw new TypeError("secrets must be an array of one secret or more.");
  }
  const given = secrets.map((secret) => {
    checkSecret(secret);
    return secret;
  });
  // A function, for browsers' consoles show what a closure holds.
  let lastUsed = (): string | undefined => undefined;
  return async (attempt) => {
    const looked = await Promise.allSettled(given.map((secret) => lookUp(secret, attempt)));
    const known = looked.flatMap((each) => each.status === "fulfilled" && each.value ? [each.value] : []);
    const [used, refused] = [lastUsed(), attempt?.refused];
    // The one after what was refused; where nothing was, -1 and 1 make the first one.
    const chosen = used !== refused && known.find((secret) => secret === used) ||
      known[(known.indexOf(refused ?? "") + 1) % known.length];
    if (chosen === undefined) {
      for (const each of looked) if (each.status === "rejected") throw each.reason;
      return "";
    }
    lastUsed = () => chosen;
    return chosen;
  };
}

async function lookUp(secret: ClientSecret, attempt: SecretAttempt | undefined): Promise<string> {
  return typeof secret === "function" ? await secret(attempt) : secret;
}
