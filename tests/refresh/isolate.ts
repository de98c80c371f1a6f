/**
 * What tells code that it runs on workerd.
 *
 * @module
 */

/** Pretends to be workerd for as long as it is in scope. */
export function asOnWorkerd(): Disposable {
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { userAgent: "Cloudflare-Workers" }, configurable: true });
  return {
    [Symbol.dispose]() {
      if (own) Object.defineProperty(globalThis, "navigator", own);
      else delete (globalThis as { navigator?: unknown }).navigator;
    },
  };
}
