/**
 * Reads what callers hand to `fetch`, as `fetch` reads it.
 *
 * @module
 */

import { parseUrl } from "../arguments.ts";

/**
 * Copies settings, each read once: those of a `Request`, inherited ones and a class's getters count, as Web IDL has it.
 */
export function readInit(init: RequestInit): RequestInit {
  const given = init as Record<string, unknown>;
  const read = { ...given };
  // Nearly all have plain prototypes, no proxy, and no property that isn't enumerable.
  const isPlain = init.constructor === Object && (read.method || !init.method) && (read.headers || !init.headers) &&
    (read.body || !init.body) && (read.signal || !init.signal);
  for (let names: object | false = given; names; names = names === given && !isPlain && Request.prototype) {
    for (const name in names) {
      const value = name in read ? undefined : given[name];
      // Not even as `undefined`: workerd of 2024 takes no `cache` at all.
      if (value !== undefined && typeof value !== "function") read[name] = value;
    }
  }
  return read;
}

/** Tells whether a method is safe to be sent twice, and has no body. */
export function isGetOrHead(method: string): boolean {
  return /^(GET|HEAD)$/i.test(method);
}

/** Parses a URL without its user name and password. The runtime's own message would quote them. */
export function parseTarget(text: string, base?: string): URL {
  const url = parseUrl(text, base);
  if (!url) throw new TypeError("Invalid URL");
  return dropUserInfo(url);
}

/** Drops the user name and password of a URL: Deno would send them in place of the token, and Node quote them. */
export function dropUserInfo(url: URL): URL {
  url.username = url.password = "";
  return url;
}
