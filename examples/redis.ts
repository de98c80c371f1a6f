/**
 * A script that signs in at Redis with a token, and counts its visits. Run for hours it would stay signed in: each new token
 * is sent over the open connection, before the old one expires.
 *
 *     deno add jsr:@m2m/authenticator npm:@redis/client
 *     deno run --env-file --allow-env --allow-net=redis.example.com,auth.example.com redis.ts
 *
 * Environment: `REDIS_URL`, `REDIS_USER` (without it, the token's `oid` or `sub`), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`,
 * `M2M_CLIENT_SECRET`, and `M2M_SCOPES` (space separated), as in `https://redis.azure.com/.default`.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { redisCredentials } from "@m2m/authenticator/adapters/redis";
import { createClient } from "@redis/client";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const url = setting("REDIS_URL");
const authenticator = new ClientCredentialsAuthenticator({
  endpoint: url.replace(/^redis/, "http"),
  clientId: setting("M2M_CLIENT_ID"),
  clientSecret: setting("M2M_CLIENT_SECRET"),
  configStore: new StaticClientConfigStore({
    tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"),
    scopes: setting("M2M_SCOPES").split(" "),
  }),
});

const credentialsProvider = redisCredentials(authenticator, {
  username: Deno.env.get("REDIS_USER") || undefined,
  onError: ({ message }) => console.error(message),
});
const client = createClient({ url, credentialsProvider });
client.on("error", credentialsProvider.onReAuthenticationError);
await client.connect();
console.log(`visits: ${await client.incr("visits")}`);
await client.close();
