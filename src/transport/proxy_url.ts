/**
 * A proxy's URL, taken apart.
 *
 * @module
 */

/** A proxy, and who one is to it. */
export interface ProxyUrl {
  /** Where it is: `http://host:port`, fit to be shown. */
  readonly origin: string;
  /** Decoded; present where the URL has any. */
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** Takes apart `http://user:password@host:port`. */
export function parseProxyUrl(text: string): ProxyUrl {
  const { origin, username, password } = new URL(text);
  if (!username && !password) return { origin };
  return { origin, credentials: { username: decoded(username), password: decoded(password) } };
}

/** A password may hold a bare `%`, which says that it wasn't encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
