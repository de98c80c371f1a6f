/** The portable suite in a service worker: a POST of its input to `/run` is answered with its results. @module */
import { runSuite } from "./suite/run.ts";

interface ListenedEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
  waitUntil(work: Promise<void>): void;
}
declare const clients: { claim(): Promise<void> };
declare function addEventListener(type: string, listener: (event: ListenedEvent) => void): void;

addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  if (new URL(event.request.url).pathname !== "/run") return;
  event.respondWith(event.request.json().then(runSuite).then((results) => Response.json(results)));
});
