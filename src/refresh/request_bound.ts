/**
 * Whether promises belong to the request that made them.
 *
 * @module
 */

/**
 * Whether this is workerd, where a promise made while handling one request must not be awaited by another: it never
 * settles once the first has ended, and the isolate stays poisoned.
 */
export function isRequestBound(): boolean {
  return globalThis.navigator?.userAgent === "Cloudflare-Workers";
}
