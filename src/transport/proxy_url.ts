/**
 * A proxy's URL, taken apart.
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";

/** A proxy, and the credentials for it. */
export interface ProxyUrl {
  /** Where it is: `http://host:port`, fit to be shown. */
  readonly origin: string;
  /** Decoded; present where the URL has any. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** The same as the value of a header (RFC 7617). */
  readonly authorization?: string;
}

/** Takes apart `http://user:password@host:port`. */
export function parseProxyUrl(text: string): ProxyUrl {
  const url = new URL(text);
  const { origin } = url;
  if (!url.username && !url.password) return { origin };
  const [username, password] = [decoded(url.username), decoded(url.password)];
  const authorization = `Basic ${encodeBase64(`${username}:${password}`)}`;
  return { origin, credentials: { username, password }, authorization };
}

/** A password may hold a bare `%`, which says that it wasn't encoded. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
