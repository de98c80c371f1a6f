/**
 * What each kind of platform lacks, and the rule that makes it so: the portable suite doesn't run the cases which need
 * that there, and counts them.
 *
 * @module
 */

import type { SuiteInput } from "./suite/case.ts";

type Lacks = SuiteInput["lacks"];

const shownRedirects = { "hidden redirects": "a redirect shows where it leads here" };

/** Deno, Bun, Node. */
export const program: Lacks = { ...shownRedirects, "no proxies": "proxies can be had here" };

/** workerd, Vercel's edge runtime. */
export const edge: Lacks = shownRedirects;

/** Pages and service workers. */
export const browser: Lacks = {
  "visible redirects": 'a browser hides where a redirect leads (Fetch standard: "opaqueredirect")',
  "any header": "a browser keeps some headers to itself (Fetch standard: forbidden request-headers)",
  "streamed bodies": "a browser streams no body over HTTP/1.1 (Fetch standard, HTTP-network fetch)",
};
