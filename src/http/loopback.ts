/**
 * What stays on this machine.
 *
 * @module
 */

/** Whether what is sent there can be read on the way. */
export function isExposed({ protocol, hostname }: URL): boolean {
  return protocol === "http:" && !isLoopback(hostname);
}

/** Whether a URL's host is this machine itself: `localhost` (RFC 6761 §6.3), 127.0.0.0/8 or `[::1]`. */
export function isLoopback(hostname: string): boolean {
  return hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname) || /(^|\.)localhost$/.test(hostname);
}
