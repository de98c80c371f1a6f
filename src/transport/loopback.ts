/**
 * What stays on this machine.
 *
 * @module
 */

/** Whether a URL's host is this machine itself: `localhost` (RFC 6761 §6.3), 127.0.0.0/8 or `[::1]`. */
export function isLoopback(hostname: string): boolean {
  return hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname) || /(^|\.)localhost$/.test(hostname);
}
