/**
 * Issuer identifiers (RFC 8414 §2), which name authorization servers.
 *
 * @module
 */

import { isExposed } from "../http/loopback.ts";
import { checkUrl } from "../arguments.ts";

/** As it was given: issuers are compared as text. */
export function checkIssuer(issuer: string | URL, allowInsecureRequests = false): string {
  // URL takes it off, and then no server's own text is the same.
  if (typeof issuer === "string" && /\s/.test(issuer)) {
    throw new TypeError("issuer must be written without white space.");
  }
  const url = checkUrl("issuer", issuer);
  const { href } = url;
  if (/[?#]/.test(href)) throw new TypeError("issuer must have neither query nor fragment (RFC 8414 §2).");
  if (isExposed(url) && !allowInsecureRequests) {
    throw new TypeError('issuer must be an "https:" URL (RFC 8414 §2), or set allowInsecureRequests.');
  }
  // Letters of the host and a port may be the server's own way to write it; a path that is read as another one isn't.
  const [, path] = /^https?:\/\/[^/\\]+(.*)$/i.exec(String(issuer)) ?? [];
  if (path === undefined || /\\|\/(\.|%2e){1,2}(\/|$)/i.test(path)) {
    throw new TypeError(`issuer must be written as it is read: "${href}".`);
  }
  return String(issuer);
}

/**
 * Whether two texts are one issuer. A slash at the end is no difference: RFC 8414 §3.1 takes it off to find the
 * document, so both spellings lead to the same one on the same server, which people mix up. Nothing is gained by
 * refusing one of them.
 */
export function isSameIssuer(one: string, other: string): boolean {
  return one.replace(/\/$/, "") === other.replace(/\/$/, "");
}

/** Whether two texts that aren't one issuer lead to the same place: by other letters of the host, or a port. */
export function isSamePlace(one: string, other: string): boolean {
  return URL.canParse(one) && URL.canParse(other) && isSameIssuer(new URL(one).href, new URL(other).href);
}
