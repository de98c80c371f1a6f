/**
 * A Cloudflare Worker, all of whose isolates share one token: a Durable Object keeps it.
 *
 *     npx jsr add @m2m/authenticator
 *     npx wrangler deploy
 *     npx wrangler secret put M2M_CLIENT_SECRET
 *
 * With this `wrangler.jsonc`, and as variables `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`, and where
 * the server requires them `M2M_SCOPES` (space separated) and `M2M_AUDIENCE`:
 *
 *     {
 *       "name": "projects",
 *       "main": "cloudflare_token_store.ts",
 *       "compatibility_date": "2026-11-01",
 *       "durable_objects": { "bindings": [{ "name": "TOKENS", "class_name": "TokenStoreObject" }] },
 *       "migrations": [{ "tag": "token-store", "new_sqlite_classes": ["TokenStoreObject"] }]
 *     }
 *
 * Add a sign-in of your own.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { sharedTokens } from "@m2m/authenticator/token-store";
import { durableObjectTokenStore, type ObjectNamespace } from "@m2m/authenticator/token-store/durable-object";

// Cloudflare finds the object's class among the exports.
export { TokenStoreObject } from "@m2m/authenticator/token-store/durable-object";

interface Env {
  readonly TOKENS: ObjectNamespace;
  readonly M2M_ENDPOINT: string;
  readonly M2M_TOKEN_ENDPOINT: string;
  readonly M2M_CLIENT_ID: string;
  readonly M2M_CLIENT_SECRET: string;
  readonly M2M_SCOPES?: string;
  readonly M2M_AUDIENCE?: string;
}

let authenticator: ClientCredentialsAuthenticator | undefined;

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    if (request.method !== "GET" || pathname !== "/v1/projects") return new Response(null, { status: 404 });
    authenticator ??= new ClientCredentialsAuthenticator({
      endpoint: env.M2M_ENDPOINT,
      clientId: env.M2M_CLIENT_ID,
      clientSecret: env.M2M_CLIENT_SECRET,
      configStore: new StaticClientConfigStore({
        tokenEndpoint: env.M2M_TOKEN_ENDPOINT,
        scopes: env.M2M_SCOPES?.split(" "),
        audience: env.M2M_AUDIENCE,
      }),
      // From another continent the object's answer takes a while, and a token request as well.
      tokenStore: sharedTokens(durableObjectTokenStore(env.TOKENS), { timeout: 1_000 }),
    });
    return await authenticator.fetch(pathname + search);
  },
};
