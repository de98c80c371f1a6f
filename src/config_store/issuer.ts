/**
 * Issuer identifiers (RFC 8414 §2), which name authorization servers.
 *
 * @module
 */

import { isLoopback } from "../transport/loopback.ts";
import { checkUrl } from "./check.ts";

/** As it was given: issuers are compared as text. */
export function checkIssuer(issuer: string | URL, allowInsecureRequests = false): string {
  const { protocol, hostname, href } = checkUrl("issuer", issuer);
  if (/[?#]/.test(href)) throw new TypeError("issuer must have neither query nor fragment (RFC 8414 §2).");
  if (protocol === "http:" && !isLoopback(hostname) && !allowInsecureRequests) {
    throw new TypeError('issuer must be an "https:" URL (RFC 8414 §2), or set allowInsecureRequests.');
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
