/**
 * A Cloudflare Worker that returns an API's projects to callers without a token.
 *
 *     npx jsr add @m2m/authenticator
 *     npx wrangler deploy cloudflare_worker.ts --name projects --compatibility-date 2026-11-01
 *     npx wrangler secret put M2M_CLIENT_SECRET --name projects
 *
 * Bindings: that secret; as variables `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`, and where
 * the server requires them `M2M_SCOPES` (space separated) and `M2M_AUDIENCE`. Add a sign-in of your own.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";

type Env = Record<string, string | undefined>;

function setting(env: Env, name: string): string {
  const value = env[name];
  if (!value) throw new Error(`Cannot start: the binding ${name} is not set`);
  return value;
}

// Bindings come with a request. The authenticator and its token are kept for later ones.
let authenticator: ClientCredentialsAuthenticator | undefined;

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    if (request.method !== "GET" || pathname !== "/v1/projects") return new Response(null, { status: 404 });
    authenticator ??= new ClientCredentialsAuthenticator({
      endpoint: setting(env, "M2M_ENDPOINT"),
      clientId: setting(env, "M2M_CLIENT_ID"),
      clientSecret: setting(env, "M2M_CLIENT_SECRET"),
      configStore: new StaticClientConfigStore({
        tokenEndpoint: setting(env, "M2M_TOKEN_ENDPOINT"),
        scopes: (env.M2M_SCOPES ?? "").split(" ").filter(Boolean),
        audience: env.M2M_AUDIENCE || undefined,
      }),
    });
    return await authenticator.fetch(pathname + search);
  },
};
