/**
 * The function that sends all requests: one with the shape of `fetch`.
 *
 * @module
 */

/** Any function with the shape of `fetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

const ofRuntime = globalThis.fetch;
const transports = new WeakSet<Fetch>();

/** The runtime's own `fetch`, looked up at each call: what replaces the global one later counts. */
export const globalFetch: Fetch = (input, init) => fetch(input, init);

/** Marks the `fetch` of a transport, which hands the body to the runtime as it is. */
export function markTransport(fetch: Fetch): Fetch {
  transports.add(fetch);
  return fetch;
}

/**
 * Whether a body may be a `Blob`: a `fetch` of the caller's gets it as it was given. Where a kept connection breaks, Deno
 * sends a request again by itself, with a proof that is used up by then; one with a `Blob` it doesn't, for that is read.
 * But where Deno isn't permitted to send it, a `Blob` keeps the process from ending: so only after a first answer.
 */
export function takesBlob(given: Fetch): boolean {
  return transports.has(given) || (given === globalFetch ? fetch : given) === ofRuntime;
}
