/**
 * Does what functions in the shape of `fetch` leave undone.
 *
 * @module
 */

import { type Fetch, globalFetch } from "../http/fetch.ts";
import { waitFor } from "../refresh/deadlines.ts";
import { cancel } from "./bodies.ts";
import { isGetOrHead } from "./call_input.ts";
import { isRedirect } from "./redirects.ts";

/**
 * Ends the wait when the signal says so, which a `fetch` of the caller's may not listen to.
 *
 * It also leaves redirects alone whose integrity is checked: it is the final response's, but a runtime that doesn't follow
 * checks any. The request is sent again to see whether it redirects.
 */
export function completeFetch(fetch: Fetch): Fetch {
  return (input, init = {}) => {
    // Nothing, where it is a URL.
    const request = input as Partial<Request>;
    const signal = init.signal ?? request.signal;
    let response = fetch(input, init);
    if (init.integrity ?? request.integrity) {
      response = response.catch(async (error) => {
        if (!isGetOrHead(init.method ?? request.method ?? "GET")) throw error;
        const again = await fetch(input, { ...init, integrity: "" });
        if (isRedirect(again)) return again;
        cancel(again.body);
        throw error;
      });
    }
    if (!signal || fetch === globalFetch) return response;
    const settled = Promise.resolve(response).then((late) => {
      if (signal.aborted) cancel(late.body);
      return late;
    });
    return waitFor(settled, { signal });
  };
}
