/**
 * Whether a server answers at all, by the options' own transport: that has the last word.
 *
 * @module
 */

import type { Examination, Reach } from "./examination.ts";
import type { Target } from "./targets.ts";

/**
 * Sends a server one request without credentials, once for all steps. To the token endpoint it is a token request, which no
 * server takes for a failed login: it names no client.
 */
export function reach(examination: Examination, { url, role }: Target): Promise<Reach> {
  const { reached } = examination.facts;
  const found = reached.get(url.origin) ?? send(examination, url, role.includes("token endpoint"));
  reached.set(url.origin, found);
  return found;
}

/** Notes that a server didn't answer to another request: it isn't waited for again. */
export function noteUnreached({ facts }: Examination, { origin }: URL, error: Error): void {
  facts.reached.set(origin, Promise.resolve({ error }));
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
