/**
 * Issuer identifiers of authorization servers (RFC 8414 §2).
 *
 * @module
 */

import { isExposed } from "../http/loopback.ts";
import { checkUrl, parseUrl } from "../arguments.ts";

/** Checks an issuer and returns it as it was given: issuers are compared as text. */
export function checkIssuer(issuer: string | URL, allowInsecureRequests = false): string {
  // URL strips white space, and the result would match no server's own spelling.
  if (typeof issuer === "string" && /\s/.test(issuer)) {
    throw new TypeError("issuer must be written without white space.");
  }
  const url = checkUrl("issuer", issuer);
  const { href } = url;
  if (/[?#]/.test(href)) throw new TypeError("issuer must have neither query nor fragment (RFC 8414 §2).");
  if (isExposed(url) && !allowInsecureRequests) {
    throw new TypeError('issuer must be an "https:" URL (RFC 8414 §2), or set allowInsecureRequests.');
  }
  // The server itself may write capitals in the host, or a port; a path that URL resolves to another one is a mistake.
  const [, path] = /^https?:\/\/[^/\\]+(.*)$/i.exec(String(issuer)) ?? [];
  if (path === undefined || /\\|\/(\.|%2e){1,2}(\/|$)/i.test(path)) {
    throw new TypeError(`issuer must be written as it is resolved: "${href}".`);
  }
  return String(issuer);
}

/**
 * Whether two texts name one issuer. A trailing slash is often confused, and harmless to ignore: RFC 8414 §3.1 strips it,
 * so both spellings lead to the same document.
 */
export function isSameIssuer(one: string, other: string): boolean {
  return one.replace(/\/$/, "") === other.replace(/\/$/, "");
}

/** Whether two different issuers are the same URL, but for letters of the host or a port. */
export function isSamePlace(one: string, other: string): boolean {
  const [first, second] = [parseUrl(one), parseUrl(other)];
  return first !== undefined && second !== undefined && isSameIssuer(first.href, second.href);
}
