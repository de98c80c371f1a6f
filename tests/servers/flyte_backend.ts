/** A Flyte platform, the authorization server it trusts, and a client that may use it. @module */

import { startAuthorizationServer } from "./authorization_server.ts";
import { type Flyte, type FlyteOptions, startFlyte } from "./flyteadmin.ts";

export const audience = "https://flyte.test";
export const frontAudience = "https://front.test";
export const client = { clientId: "my-client", clientSecret: "my-secret-of-flyte" };

/** Both, on loopback. Disposing of it stops them. */
export interface FlyteBackend extends AsyncDisposable {
  readonly flyte: Flyte;
  readonly issuer: string;
  /** What the token endpoint was sent, oldest first. */
  readonly asked: () => Readonly<Record<string, unknown>>[];
  /** What the token endpoint of the proxy in front was sent, oldest first. */
  readonly frontAsked: () => Readonly<Record<string, unknown>>[];
  readonly frontTokenEndpoint: string;
  /** The names of the headers of all token requests, to either server. */
  readonly tokenHeaderNames: () => (readonly string[])[];
  /** The platform and its authorization server as `--allow-net` takes them. */
  readonly hosts: string;
}

/**
 * Starts them. The authorization server refuses an `audience` it doesn't know, as flyteadmin's own does. `hasFront` puts an
 * identity-aware proxy in front of the platform, with an authorization server of its own.
 */
export async function startFlyteBackend(
  { hasFront = false, ...options }: Partial<FlyteOptions> & { hasFront?: boolean } = {},
): Promise<FlyteBackend> {
  await using stack = new AsyncDisposableStack();
  const clients = [{ client_id: client.clientId, client_secret: client.clientSecret }];
  const own = stack.use(await startAuthorizationServer({ clients, scopes: ["all", "offline"], audiences: [audience] }));
  const front = stack.use(await startAuthorizationServer({ clients, audiences: [frontAudience] }));
  const door = { issuer: front.issuer, jwksUri: front.jwksUri, audience: frontAudience };
  const flyte = stack.use(
    startFlyte({ authorizationServer: own, audience, ...hasFront && { front: door }, ...options }),
  );
  const started = stack.move();
  return {
    flyte,
    issuer: own.issuer,
    asked: () => own.tokenRequests.map(({ parameters }) => parameters),
    frontAsked: () => front.tokenRequests.map(({ parameters }) => parameters),
    frontTokenEndpoint: front.tokenEndpoint,
    tokenHeaderNames: () => [...own.tokenRequests, ...front.tokenRequests].map(({ headerNames }) => headerNames),
    hosts: [flyte.origin, own.issuer].map((origin) => new URL(origin).host).join(),
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}
