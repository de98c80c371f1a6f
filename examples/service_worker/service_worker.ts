/**
 * A service worker that signs a page's calls: the page fetches `/api/v1/projects`, and never sees a token.
 * How to run it, and the environment it needs: see `server.ts`.
 *
 * Only for browsers that are yours: a kiosk, a wall display, a terminal on the intranet, a test. No script of the
 * page is given the token, but whoever holds the browser can read all that is in it, the client secret too. So it
 * isn't in the code: the server hands it over at run time, and it is that of a client for this one device, with no
 * more scopes than the page needs. For anyone else's browser see `cloudflare_worker.ts`.
 */
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";

// What this file needs of TypeScript's `lib: webworker`.
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
