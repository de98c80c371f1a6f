/**
 * Turns gRPC targets into URLs.
 *
 * @module
 */

import { isExposed } from "../http/loopback.ts";
import { checkUrl } from "../arguments.ts";

/** Turns `dns:///host:443` and `host:443` into an `https:` URL, or an `http:` one if `insecure`; keeps a URL as it is. */
export function platformUrl(endpoint: string, insecure: boolean = false): string {
  const bare = endpoint.replace(/^dns:\/\/\/?/, "");
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(bare) ? bare : `${insecure ? "http" : "https"}://${bare}`;
}

/** Whether requests may go without TLS. */
export interface PlatformOptions {
  readonly insecure?: boolean | undefined;
  readonly allowInsecureRequests?: boolean | undefined;
}

/**
 * Returns the endpoint as a URL, without the slash of an empty path. An exposed `http:` one takes an option: an attacker
 * on the network could name a token endpoint of their own.
 */
export function checkPlatform(endpoint: unknown, options: PlatformOptions): string {
  const { insecure = false, allowInsecureRequests = false } = options;
  const text = endpoint instanceof URL ? endpoint.href : typeof endpoint === "string" ? endpoint.trim() : undefined;
  // In "dns://a/b" gRPC takes a for a name server; here it would become the platform. White space and backslashes, which
  // URL drops or reads as slashes, would hide that.
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
