/**
 * Where API calls go, as far as that says something of their tokens.
 *
 * @module
 */

/** Where a call goes. */
export interface Place {
  /** The URL without its query. */
  readonly href: string;
  /** The same without identifiers in the path: numbers, and long words with digits. */
  readonly route: string;
}

/** Reads where a call goes from its URL. */
export function readPlace(url: string): Place {
  const href = url.replace(/[?#].*/s, "");
  const [, origin = "", path = ""] = /^(\w+:\/\/[^/]*)?(.*)$/s.exec(href) ?? [];
  return { href, route: origin + path.replace(/\/(?:\d+|(?=[^/]*\d)[^/]{8,})(?=\/|$)/g, "/0") };
}
