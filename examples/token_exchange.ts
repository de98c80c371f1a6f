/**
 * A Deno service that calls an API on behalf of each of its callers (RFC 8693): it exchanges the caller's token for one
 * that the API accepts. The API never gets the caller's token. Validate that token first, as any API does: this service
 * would accept it for as long as the exchanged token lives, even after its own end.
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env --allow-net token_exchange.ts
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_TOKEN_ENDPOINT`, `M2M_CLIENT_ID`, `M2M_CLIENT_SECRET`, and where the server
 * requires them `M2M_SCOPES` (space separated) and `M2M_AUDIENCE`; `PORT` to listen on, else any free port.
 */
import { AuthenticationError, StaticClientConfigStore } from "@m2m/authenticator";
import { TokenExchangeAuthenticator } from "@m2m/authenticator/grant/token-exchange";

function setting(name: string): string {
  const value = Deno.env.get(name);
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const settings = {
  endpoint: setting("M2M_ENDPOINT"),
  clientId: setting("M2M_CLIENT_ID"),
  clientSecret: setting("M2M_CLIENT_SECRET"),
  configStore: new StaticClientConfigStore({
    tokenEndpoint: setting("M2M_TOKEN_ENDPOINT"),
    scopes: (Deno.env.get("M2M_SCOPES") ?? "").split(" ").filter(Boolean),
    audience: Deno.env.get("M2M_AUDIENCE") || undefined,
  }),
};

/** One for each caller's token, so that a second call needs no exchange: the latest thousand. */
const authenticators = new Map<string, TokenExchangeAuthenticator>();

function authenticatorFor(subjectToken: string): TokenExchangeAuthenticator {
  const authenticator = authenticators.get(subjectToken) ??
    new TokenExchangeAuthenticator({ ...settings, subjectToken });
  authenticators.delete(subjectToken);
  authenticators.set(subjectToken, authenticator);
  for (const [oldest] of authenticators) if (authenticators.size > 1_000) authenticators.delete(oldest);
  return authenticator;
}

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT") ?? 0) }, async (request) => {
  const { pathname } = new URL(request.url);
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  if (request.method !== "GET" || pathname !== "/v1/projects") return new Response(null, { status: 404 });
  if (token === undefined) return new Response(null, { status: 401, headers: { "www-authenticate": "Bearer" } });
  try {
    const response = await authenticatorFor(token).fetch(pathname);
    return new Response(response.body, { status: response.status, headers: { "content-type": "application/json" } });
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    // The authorization server refuses the caller's token, or this service's own request.
    const status = error.error === "invalid_request" || error.error === "invalid_grant" ? 401 : 502;
    if (status === 502) console.error(error.message);
    return new Response(null, { status });
  }
});
