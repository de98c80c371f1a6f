/**
 * The traits that platforms lack, and why: the portable suite doesn't run the cases that need them, and counts them.
 *
 * @module
 */

import type { SuiteInput } from "./suite/case.ts";

type Lacks = SuiteInput["lacks"];

const shownRedirects = { "hidden redirects": "a redirect shows its location here" };

/** Deno, Bun, Node. */
export const program: Lacks = { ...shownRedirects, "no proxies": "the platform has proxies" };

/** workerd, Vercel's edge runtime. */
export const edge: Lacks = shownRedirects;

/** Pages and service workers. */
export const browser: Lacks = {
  "visible redirects": "a browser hides where a redirect leads (Fetch standard: opaqueredirect)",
  "any header": "a browser sets some headers itself (Fetch standard: forbidden request-headers)",
  "single sending": "a browser sends a request again where a kept connection breaks (RFC 9110 §9.2.2)",
  "streamed bodies": "a browser streams no body over HTTP/1.1 (Fetch standard, HTTP-network fetch)",
};
