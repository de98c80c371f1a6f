/**
 * Does what functions in the shape of `fetch` leave undone.
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";
import { waitFor } from "../refresh/deadlines.ts";
import { cancel } from "../http/body.ts";
import { isGetOrHead } from "./call_input.ts";
import { isRedirect } from "./redirects.ts";

/** Ends the wait when the signal aborts, for a `fetch` that ignores it. */
export function endOnAbort(fetch: Fetch): Fetch {
  return (input, init) => {
    const { signal = Object(input).signal as AbortSignal | undefined } = init ?? {};
    const response = fetch(input, init);
    if (!signal) return response;
    const settled = Promise.resolve(response).then((late) => {
      if (signal.aborted) cancel(late.body);
      return late;
    });
    return waitFor(settled, { signal });
  };
}

/**
 * Leaves redirects and rejections alone where `integrity` is set. It is the final response's; with `redirect: "manual"`
 * runtimes check any. So the request is sent again without it, to see what it is.
 */
export function spareRedirects(fetch: Fetch): Fetch {
  return async (input, init) => {
    try {
      return await fetch(input, init);
    } catch (error) {
      if (!isGetOrHead(init?.method ?? Object(input).method ?? "GET")) throw error;
      const again = await fetch(input, { ...init, integrity: "" });
      if (isRedirect(again) || again.status === 401) return again;
      cancel(again.body);
      throw error;
    }
  };
}

/** Fetches with `redirect: "error"`, on which workerd throws. */
export function refuseRedirects(fetch: Fetch): Fetch {
  return async (input, init) => {
    const response = await fetch(input, { ...init, redirect: "manual" });
    if (!isRedirect(response)) return response;
    cancel(response.body);
    throw new TypeError('Cannot follow the redirect: redirect is "error".');
  };
}
