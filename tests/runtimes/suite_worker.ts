/** The portable suite as a worker: a POST of its input to `/run` is answered when it has run. @module */
import { runSuite } from "./suite/run.ts";

interface ListenedEvent extends Event {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
  waitUntil(work: Promise<void>): void;
}
declare const clients: { claim(): Promise<void> };
declare function addEventListener(type: string, listener: (event: ListenedEvent) => void): void;

// `@std/assert` tests values for WeakRef. Workers of before May 2025 have none; nor do they get one.
(globalThis as { WeakRef?: unknown }).WeakRef ??= class {
  constructor() {
    throw new ReferenceError("WeakRef is not defined");
  }
};

async function run(request: Request): Promise<Response> {
  await runSuite(await request.json());
  return new Response("done");
}

/** For workerd. */
export default { fetch: run };

// For service workers, and Vercel's edge runtime.
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  if (new URL(event.request.url).pathname === "/run") event.respondWith(run(event.request));
});
