/** A Flyte platform, the authorization server it trusts, and a client that may use it. @module */

import { startAuthorizationServer } from "./authorization_server.ts";
import { type Flyte, type FlyteOptions, startFlyte } from "./flyteadmin.ts";

export const audience = "https://flyte.test";
export const client = { clientId: "my-client", clientSecret: "my-secret-of-flyte" };

/** Both, on loopback. Disposing of it stops them. */
export interface FlyteBackend extends AsyncDisposable {
  readonly flyte: Flyte;
  readonly issuer: string;
  /** What the token endpoint was sent, oldest first. */
  readonly asked: () => Readonly<Record<string, unknown>>[];
  /** The two servers as `--allow-net` takes them. */
  readonly hosts: string;
}

/** Starts them. The authorization server refuses an `audience` it doesn't know, as flyteadmin's own does. */
export async function startFlyteBackend(options: Partial<FlyteOptions> = {}): Promise<FlyteBackend> {
  const authorizationServer = await startAuthorizationServer({
    clients: [{ client_id: client.clientId, client_secret: client.clientSecret }],
    scopes: ["all", "offline"],
    audiences: [audience],
  });
  const flyte = startFlyte({ authorizationServer, audience, ...options });
  return {
    flyte,
    issuer: authorizationServer.issuer,
    asked: () => authorizationServer.tokenRequests.map(({ parameters }) => parameters),
    hosts: [flyte.origin, authorizationServer.issuer].map((origin) => new URL(origin).host).join(),
    async [Symbol.asyncDispose]() {
      await flyte[Symbol.asyncDispose]();
      await authorizationServer.close();
    },
  };
}
