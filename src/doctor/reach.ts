/**
 * Whether a server answers at all, by the options' own transport: that has the last word.
 *
 * @module
 */

import type { Examination, Exchange } from "./examination.ts";
import type { Target } from "./targets.ts";

/** The answer to a request without credentials, or why none came. */
export type Reach = { readonly answer: Exchange; readonly error?: never } | {
  readonly answer?: never;
  readonly error: Error;
};

const known = new WeakMap<Examination, Map<string, Promise<Reach>>>();

/**
 * Sends a server one request without credentials, once for all steps. To the token endpoint it is a token request, which no
 * server takes for a failed login: it names no client.
 */
export function reach(examination: Examination, { url, role }: Target): Promise<Reach> {
  const reached = getKnown(examination);
  const found = reached.get(url.origin) ?? send(examination, url, role.includes("token endpoint"));
  reached.set(url.origin, found);
  return found;
}

/** Notes that a server didn't answer to another request: it isn't waited for again. */
export function noteUnreached(examination: Examination, { origin }: URL, error: Error): void {
  getKnown(examination).set(origin, Promise.resolve({ error }));
}

function getKnown(examination: Examination): Map<string, Promise<Reach>> {
  const reached = known.get(examination) ?? new Map<string, Promise<Reach>>();
  known.set(examination, reached);
  return reached;
}

async function send(examination: Examination, url: URL, isTokenEndpoint: boolean): Promise<Reach> {
  const headers = { accept: "application/json" };
  const post = {
    method: "POST",
    headers: { ...headers, "content-type": "application/x-www-form-urlencoded" },
    body: "grant_type=client_credentials",
  };
  try {
    return { answer: await examination.send(url, isTokenEndpoint ? post : { headers }) };
  } catch (error) {
    examination.signal.throwIfAborted();
    return { error: error as Error };
  }
}
