/** The demo's own authorization server and API, on loopback. @module */

import { type AuthorizationServer, startAuthorizationServer } from "../../tests/servers/authorization_server.ts";
import { type ProtectedApi, startProtectedApi } from "../../tests/servers/protected_api.ts";

export interface Servers extends AsyncDisposable {
  readonly authorizationServer: AuthorizationServer;
  readonly api: ProtectedApi;
}

export interface ServersOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Lifetime of the tokens, in seconds. Default: 600. */
  readonly lifetime?: number;
  /** Default: 0, any free port. */
  readonly authorizationServerPort?: number;
  /** Default: 0, any free port. */
  readonly apiPort?: number;
}

export async function startServers(options: ServersOptions): Promise<Servers> {
  const { clientId, clientSecret, lifetime = 600, authorizationServerPort = 0, apiPort = 0 } = options;
  // Where the second doesn't start, the first is stopped.
  await using started = new AsyncDisposableStack();
  const authorizationServer = started.use(
    await explainTakenPort(authorizationServerPort, () =>
      startAuthorizationServer({
        clients: [{ client_id: clientId, client_secret: clientSecret }],
        lifetime,
        // On a fixed port, the API is the audience of a token that names none.
        ...apiPort && { audiences: [`http://127.0.0.1:${apiPort}`] },
        port: authorizationServerPort,
      })),
  );
  const { issuer, jwksUri } = authorizationServer;
  const api = started.use(
    await explainTakenPort(apiPort, () => startProtectedApi({ issuer, jwksUri, port: apiPort })),
  );
  const running = started.move();
  return { authorizationServer, api, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

async function explainTakenPort<T>(port: number, start: () => T | Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    throw new Error(
      `Cannot start: port ${port} on 127.0.0.1 is taken, perhaps by another "deno task demo --serve". Stop that first.`,
    );
  }
}
