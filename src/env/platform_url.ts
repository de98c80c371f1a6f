/**
 * An endpoint as gRPC's users write it, as a URL.
 *
 * @module
 */

import { isExposed } from "../http/loopback.ts";
import { checkUrl } from "../arguments.ts";

/** `https:`, or `http:` where it is spoken to without TLS, for `dns:///host:443` and `host:443`; a URL stays as it is. */
export function platformUrl(endpoint: string, insecure: boolean = false): string {
  const bare = endpoint.replace(/^dns:\/\/\/?/, "");
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(bare) ? bare : `${insecure ? "http" : "https"}://${bare}`;
}

/** Who may be spoken to without TLS. */
export interface PlatformOptions {
  readonly insecure?: boolean | undefined;
  readonly allowInsecureRequests?: boolean | undefined;
}

/**
 * The endpoint as a URL, without a slash at the end where it has no path. Who speaks to it without TLS has to say so:
 * whoever is on the way could name a token endpoint of his own.
 */
export function checkPlatform(endpoint: unknown, options: PlatformOptions): string {
  const { insecure = false, allowInsecureRequests = false } = options;
  const text = endpoint instanceof URL ? endpoint.href : typeof endpoint === "string" ? endpoint.trim() : undefined;
  // Of "dns://a/b" gRPC takes the first for the name server to ask: it would be taken for the platform here. What URL
  // leaves out, or reads as a slash, would hide that.
  if (text === undefined || /\s/.test(text) || /^dns:(?!\/\/(\/[^/\\]|[^/\\]+\/?$))/i.test(text)) {
    throw new TypeError('endpoint must be a platform\'s, such as "dns:///flyte.example.com".');
  }
  const url = checkUrl("endpoint", platformUrl(text, insecure));
  if (url.search || url.hash) throw new TypeError("endpoint must have neither query nor fragment.");
  if (isExposed(url) && !insecure && !allowInsecureRequests) {
    throw new TypeError('endpoint must be an "https:" URL, or set insecure.');
  }
  return url.pathname === "/" ? url.origin : url.href;
}
