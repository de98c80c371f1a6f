/**
 * The parts of a proxy's URL.
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";

/** A proxy, and the credentials for it. */
export interface ProxyUrl {
  /** `http://host:port`, without credentials. */
  readonly origin: string;
  /** Decoded; absent if the URL has none. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** The same as the value of a header (RFC 7617). */
  readonly authorization?: string;
}

/** Parses `http://user:password@host:port`, if there is one. */
export function parseProxyUrl(text: string | undefined): ProxyUrl | undefined {
  if (!text) return undefined;
  const url = new URL(text);
  const { origin } = url;
  if (!url.username && !url.password) return { origin };
  const [username, password] = [decode(url.username), decode(url.password)];
  const authorization = `Basic ${encodeBase64(`${username}:${password}`)}`;
  return { origin, credentials: { username, password }, authorization };
}

/** A bare `%` says that the text wasn't encoded. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
