/**
 * Gets a token three times, by `getToken` and by an authenticator, and prints what comes of it.
 *
 * @module
 */

import { AuthenticationError, ClientCredentialsAuthenticator, getToken, StaticClientConfigStore } from "../../mod.ts";

declare const process: { argv: string[]; exit(code: number): void };

const tokenEndpoint = process.argv.at(-1)!;
const client = { clientId: "id", clientSecret: "secret", timeout: 500 };
const authenticator = new ClientCredentialsAuthenticator({
  ...client,
  endpoint: "https://api.test",
  retry: { totalTimeout: 600, maxAttempts: 1 },
  configStore: new StaticClientConfigStore({ tokenEndpoint }),
});

const results: string[] = [];
for (const get of [() => getToken(tokenEndpoint, client), () => authenticator.refreshCredentials()]) {
  for (let time = 0; time < 2; time++) {
    const result = await get().catch((error: AuthenticationError) => error);
    results.push(result instanceof AuthenticationError ? result.code : result.accessToken);
  }
}
console.log(results.join(" "));
process.exit(0);
