/**
 * Another real authorization server on loopback: better-auth with its OAuth provider. It limits token requests, takes
 * credentials that aren't form-encoded, refuses unknown scopes, and needs clients to have scopes of their own.
 *
 * @module
 */

// @ts-types="./better_auth.d.ts"
import { betterAuth } from "better-auth";
// @ts-types="./better_auth.d.ts"
import { memoryAdapter } from "better-auth/adapters/memory";
// @ts-types="./better_auth.d.ts"
import { jwt } from "better-auth/plugins";
// @ts-types="./better_auth.d.ts"
import { oauthProvider } from "@better-auth/oauth-provider";
import { serve } from "./loopback.ts";

/** A client. */
export interface BetterAuthClient {
  readonly clientId: string;
  readonly clientSecret?: string;
  /** Its public keys, as JSON. */
  readonly jwks?: string;
  /** Default: `client_secret_basic`. */
  readonly tokenEndpointAuthMethod?: string;
  /** Default: `client_credentials`. */
  readonly grantTypes?: readonly string[];
  /** The scopes it may have. */
  readonly clientCredentialsScopes: readonly string[];
}

/** Starts it; it limits the token requests of a minute, if it is told to. */
export function startBetterAuth(clients: readonly BetterAuthClient[], tokenRequestsPerMinute?: number) {
  const tables = ["user", "session", "account", "verification", "jwks"];
  const own = ["oauthAccessToken", "oauthRefreshToken", "oauthConsent", "oauthResource", "oauthClientResource"];
  const database: Record<string, object[]> = Object.fromEntries([...tables, ...own].map((name) => [name, []]));
  database.oauthClient = clients.map((client) => ({
    id: client.clientId,
    tokenEndpointAuthMethod: "client_secret_basic",
    grantTypes: ["client_credentials"],
    redirectUris: [],
    ...client,
  }));
  const limit = { window: 60, max: tokenRequestsPerMinute ?? 1e6 };
  // Without the signal, at which Deno prints a remark.
  const server = serve(async (request) => {
    const { url, method, headers } = request;
    return await auth.handler(
      new Request(url, { method, headers, ...method === "POST" && { body: await request.text() } }),
    );
  });
  const auth: ReturnType<typeof betterAuth> = betterAuth({
    baseURL: server.origin,
    secret: crypto.randomUUID() + crypto.randomUUID(),
    database: memoryAdapter(database),
    logger: { disabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: true, ...limit },
    plugins: [
      jwt(),
      oauthProvider({
        loginPage: "/sign-in",
        consentPage: "/consent",
        scopes: ["api:read", "api:write"],
        silenceWarnings: { oauthAuthServerConfig: true, openidConfig: true },
        storeClientSecret: { hash: (secret: string) => Promise.resolve(secret) },
        rateLimit: { token: limit },
      }),
    ],
  });
  const issuer = `${server.origin}/api/auth`;
  return { ...server, issuer, tokenEndpoint: `${issuer}/oauth2/token` };
}
