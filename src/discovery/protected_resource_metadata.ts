/**
 * What an API publishes of itself (RFC 9728 §2), judged field by field.
 *
 * @module
 */

import { flag, isSecure, isUrl, keepFields, type Kind, list, text, url } from "./metadata_fields.ts";
import type { Answer, Document } from "./published_document.ts";

/**
 * What an API publishes of itself, in the words of RFC 9728 §2: what is of use to a client that acts for itself. A field
 * the API doesn't publish, or publishes in another form, is absent. Signed metadata (§2.2) isn't looked at.
 */
export interface ProtectedResourceMetadata {
  /** Its resource identifier, as it writes it: what tokens for it are asked for by (RFC 8707). */
  readonly resource: string;
  /** The issuers whose tokens it takes (RFC 8414 §2). */
  readonly authorization_servers?: readonly string[];
  /** The scopes it tells of; it may know more. */
  readonly scopes_supported?: readonly string[];
  /** How it takes tokens: by `header`, `body`, `query` (RFC 6750 §2), or none of them. */
  readonly bearer_methods_supported?: readonly string[];
  /** Whether it takes none but tokens that are bound to a key (RFC 9449). */
  readonly dpop_bound_access_tokens_required?: boolean;
  /** By which algorithms proofs of possession may be signed (RFC 9449). */
  readonly dpop_signing_alg_values_supported?: readonly string[];
  /** Whether it takes tokens that are bound to client certificates (RFC 8705 §3). */
  readonly tls_client_certificate_bound_access_tokens?: boolean;
  /** The types of authorization details it knows (RFC 9396). */
  readonly authorization_details_types_supported?: readonly string[];
  /** By which algorithms it signs its answers. */
  readonly resource_signing_alg_values_supported?: readonly string[];
  /** Where its public keys are. */
  readonly jwks_uri?: string;
  /** Its name, for people. */
  readonly resource_name?: string;
  /** Where it is explained, for people. */
  readonly resource_documentation?: string;
}

/** What a document is judged by. */
export interface ProtectedResourceContext {
  /** The URL of the API. */
  readonly asked: URL;
  /** Whether the document may speak for more than the API: for all below some path of the same origin. */
  readonly mayBeAbove: boolean;
  readonly allowInsecureRequests?: boolean | undefined;
}

/** The metadata in a document, or why it isn't used. */
export function judgeProtectedResource(
  document: Document,
  { asked, mayBeAbove, allowInsecureRequests = false }: ProtectedResourceContext,
): Answer<ProtectedResourceMetadata> {
  const { resource } = document;
  const invalid = (reason: string, advice: string) => ({ miss: { code: "invalid_config", reason, advice } as const });
  if (!isUrl(resource)) {
    return invalid("names no resource that is an absolute URL (RFC 9728 §2)", "Check the API's URL.");
  }
  if (!identifies(resource, asked, mayBeAbove)) {
    return invalid(
      "speaks for another resource",
      "Write the API's URL as it writes its resource (RFC 9728 §3.3); if you did, don't trust the answer.",
    );
  }
  const isAllowed = (url: string) => isSecure(url, asked.href, allowInsecureRequests);
  return { ok: Object.freeze({ ...keepFields(document, kinds, isAllowed), resource }) };
}

const kinds = new Map<string, Kind>([
  ["authorization_servers", list],
  ["scopes_supported", list],
  ["bearer_methods_supported", list],
  ["dpop_bound_access_tokens_required", flag],
  ["dpop_signing_alg_values_supported", list],
  ["tls_client_certificate_bound_access_tokens", flag],
  ["authorization_details_types_supported", list],
  ["resource_signing_alg_values_supported", list],
  ["jwks_uri", url],
  ["resource_name", text],
  ["resource_documentation", url],
]);

/**
 * Whether a resource identifier is that of the API at this URL, but for a slash at its end. RFC 9728 §3.3 wants them
 * identical. Where many APIs are one resource, they name it by the beginning of their paths, and clients (those of MCP
 * among them) take it: here, by whole segments, for `/api` isn't the beginning of `/api2`.
 */
function identifies(resource: string, asked: URL, mayBeAbove: boolean): boolean {
  // URL takes off blanks, which the authorization server would be sent.
  if (!/^[!-~]+$/.test(resource) || resource.includes("#")) return false;
  const url = new URL(resource);
  const { origin, pathname, search } = url;
  if (origin !== asked.origin || !isPlain(resource, url)) return false;
  const path = withLastSlash(pathname);
  const askedPath = withLastSlash(asked.pathname);
  return path === askedPath && search === asked.search || mayBeAbove && search === "" && askedPath.startsWith(path);
}

/**
 * Whether a text is the URL as it is read, but for the letters of scheme and host, and a port that goes without saying: it
 * is the text that is sent, and who doesn't resolve `/victim/../mcp` as URL does would give a token for the victim.
 */
function isPlain(text: string, { protocol, hostname, host, pathname, search }: URL): boolean {
  const [, authority = "", rest = ""] = /^[a-z]+:\/\/([^/?\\]*)(.*)$/i.exec(text) ?? [];
  const usual = `${hostname}:${protocol === "https:" ? 443 : 80}`;
  return [host, usual].includes(authority.toLowerCase()) && (rest || "/") === pathname + search;
}

function withLastSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}
