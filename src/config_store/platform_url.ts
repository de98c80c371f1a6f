/**
 * An endpoint as gRPC's users write it, as a URL.
 *
 * @module
 */

/** `https:`, or `http:` where it is spoken to without TLS, for `dns:///host:443` and `host:443`; a URL stays as it is. */
export function platformUrl(endpoint: string, insecure: boolean = false): string {
  const bare = endpoint.replace(/^dns:\/\/\/?/, "");
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(bare) ? bare : `${insecure ? "http" : "https"}://${bare}`;
}
