/**
 * A service worker that adds a token to a page's calls: the page fetches `/api/v1/projects`, and never sees the token.
 * See `server.ts` for the commands and the environment.
 *
 * Only for your own browsers: a kiosk, a wall display, a terminal on the intranet, a test. The page's scripts don't get
 * the token, but the browser's user can read all that is in it, the client secret too. So the server sends the secret at
 * run time, and it belongs to a client for this one device, with the scopes that the page needs. For other browsers see
 * `cloudflare_worker.ts`.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";

// From TypeScript's `lib: webworker`.
interface WorkerEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
  waitUntil(work: Promise<void>): void;
}
declare const clients: { claim(): Promise<void> };
declare function addEventListener(type: string, listener: (event: WorkerEvent) => void): void;

async function connect(): Promise<ClientCredentialsAuthenticator> {
  const response = await fetch("/settings.json");
  if (!response.ok) throw new Error(`Cannot connect: the settings were answered ${response.status}`);
  const { endpoint, clientId, clientSecret, ...config } = await response.json();
  const configStore = new StaticClientConfigStore(config);
  return new ClientCredentialsAuthenticator({ endpoint, clientId, clientSecret, configStore });
}

let connection: Promise<ClientCredentialsAuthenticator> | undefined;

async function forward(request: Request, path: string): Promise<Response> {
  connection ??= connect().catch((error) => {
    connection = undefined;
    throw error;
  });
  const { method, headers } = request;
  const body = method === "GET" || method === "HEAD" ? null : await request.blob();
  return await (await connection).fetch(path, { method, headers, body });
}

addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { origin, pathname, search } = new URL(event.request.url);
  if (origin !== location.origin || !pathname.startsWith("/api/")) return;
  event.respondWith(forward(event.request, pathname.slice("/api".length) + search));
});
