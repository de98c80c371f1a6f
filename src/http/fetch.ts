/**
 * The function that sends all requests: one with the shape of `fetch`.
 *
 * @module
 */

/** Any function with the shape of `fetch`. */
export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** The runtime's own `fetch`, looked up at each call: what replaces the global one later counts. */
export const globalFetch: Fetch = (input, init) => fetch(input, init);
