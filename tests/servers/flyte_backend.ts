/** A Flyte platform, the authorization server it trusts, and a client that may use it. @module */

import { startAuthorizationServer } from "./authorization_server.ts";
import { type FlyteOptions, startFlyte } from "./flyteadmin.ts";

export const audience = "https://flyte.test";
export const frontAudience = "https://front.test";
export const client = { clientId: "my-client", clientSecret: "my-secret-of-flyte" };

export type FlyteBackend = Awaited<ReturnType<typeof startFlyteBackend>>;

/**
 * Starts them. The authorization server refuses an `audience` it doesn't know, as flyteadmin's own does. `hasFront` puts an
 * identity-aware proxy in front of the platform, with an authorization server of its own.
 */
export async function startFlyteBackend(
  { hasFront = false, ...options }: Partial<FlyteOptions> & { hasFront?: boolean } = {},
) {
  await using stack = new AsyncDisposableStack();
  const clients = [{ client_id: client.clientId, client_secret: client.clientSecret }];
  const own = stack.use(await startAuthorizationServer({ clients, scopes: ["all", "offline"], audiences: [audience] }));
  const front = stack.use(await startAuthorizationServer({ clients, audiences: [frontAudience] }));
  const door = { issuer: front.issuer, jwksUri: front.jwksUri, audience: frontAudience };
  const behind = hasFront && { front: door };
  const flyte = stack.use(startFlyte({ authorizationServer: own, audience, ...behind, ...options }));
  const started = stack.move();
  return {
    flyte,
    issuer: own.issuer,
    /** The parameters of the token requests, oldest first. */
    asked: () => own.tokenRequests.map(({ parameters }) => parameters),
    /** The same of the proxy in front. */
    frontAsked: () => front.tokenRequests.map(({ parameters }) => parameters),
    frontTokenEndpoint: front.tokenEndpoint,
    /** The names of the headers of all token requests, to either server. */
    tokenHeaderNames: () => [...own.tokenRequests, ...front.tokenRequests].map(({ headerNames }) => headerNames),
    /** The platform and its authorization server as `--allow-net` takes them. */
    hosts: [flyte.origin, own.issuer].map((origin) => new URL(origin).host).join(),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
