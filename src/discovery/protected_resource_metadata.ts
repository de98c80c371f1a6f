/**
 * Protected resource metadata (RFC 9728 §2), parsed field by field.
 *
 * @module
 */

import {
  type FieldParser,
  isSecure,
  isUrl,
  parseFields,
  parseFlag,
  parseList,
  parseText,
  parseUrl,
} from "./metadata_fields.ts";
import type { Answer, Document } from "./published_document.ts";

/**
 * An API's metadata (RFC 9728 §2), as far as client credentials need it. Fields that are missing or malformed are
 * absent. Signed metadata (§2.2) is ignored.
 */
export interface ProtectedResourceMetadata {
  /** The resource identifier, as the API writes it; sent in token requests (RFC 8707). */
  readonly resource: string;
  /** Issuers whose tokens the API accepts (RFC 8414 §2). */
  readonly authorization_servers?: readonly string[];
  /** Scopes; the API may know more. */
  readonly scopes_supported?: readonly string[];
  /** How the API accepts tokens: `header`, `body`, `query` (RFC 6750 §2), or none of them. */
  readonly bearer_methods_supported?: readonly string[];
  /** Whether the API accepts only DPoP-bound tokens (RFC 9449). */
  readonly dpop_bound_access_tokens_required?: boolean;
  /** Signing algorithms for DPoP proofs (RFC 9449). */
  readonly dpop_signing_alg_values_supported?: readonly string[];
  /** Whether the API accepts tokens that are bound to client certificates (RFC 8705 §3). */
  readonly tls_client_certificate_bound_access_tokens?: boolean;
  /** Types of authorization details (RFC 9396). */
  readonly authorization_details_types_supported?: readonly string[];
  /** Algorithms by which the API signs its responses. */
  readonly resource_signing_alg_values_supported?: readonly string[];
  /** URL of the API's public keys. */
  readonly jwks_uri?: string;
  /** Name of the API, for people. */
  readonly resource_name?: string;
  /** URL of the documentation, for people. */
  readonly resource_documentation?: string;
}

/** What a document must match. */
export interface ProtectedResourceContext {
  /** The URL of the API. */
  readonly asked: URL;
  /** Whether the document's resource may be a parent path of the API, on the same origin. */
  readonly mayBeParent: boolean;
  readonly allowInsecureRequests?: boolean | undefined;
}

/** Parses a metadata document, or says why it isn't used. */
export function parseProtectedResourceMetadata(
  document: Document,
  { asked, mayBeParent, allowInsecureRequests = false }: ProtectedResourceContext,
): Answer<ProtectedResourceMetadata> {
  const { resource } = document;
  const invalid = (reason: string, advice: string) => ({ miss: { code: "invalid_config", reason, advice } as const });
  if (!isUrl(resource)) {
    return invalid("names no resource that is an absolute URL (RFC 9728 §2)", "Check the API's URL.");
  }
  if (!isResource(resource, asked, mayBeParent)) {
    return invalid(
      "names another resource",
      "Write the API's URL as it writes its resource (RFC 9728 §3.3); if you did, don't trust the answer.",
    );
  }
  const isAllowed = (url: string) => isSecure(url, asked.href, allowInsecureRequests);
  return { ok: Object.freeze({ ...parseFields(document, fields, isAllowed), resource }) };
}

const fields = new Map<string, FieldParser>([
  ["authorization_servers", parseList],
  ["scopes_supported", parseList],
  ["bearer_methods_supported", parseList],
  ["dpop_bound_access_tokens_required", parseFlag],
  ["dpop_signing_alg_values_supported", parseList],
  ["tls_client_certificate_bound_access_tokens", parseFlag],
  ["authorization_details_types_supported", parseList],
  ["resource_signing_alg_values_supported", parseList],
  ["jwks_uri", parseUrl],
  ["resource_name", parseText],
  ["resource_documentation", parseUrl],
]);

/**
 * Whether a resource identifier is the API's URL, but for a trailing slash, or a parent path of it. RFC 9728 §3.3 wants
 * them identical; where many APIs are one resource, it names their common path, and MCP clients accept it. By whole
 * segments: `/api` isn't a parent of `/api2`.
 */
function isResource(resource: string, asked: URL, mayBeParent: boolean): boolean {
  // URL strips white space, but the text itself is sent to the authorization server.
  if (!/^[!-~]+$/.test(resource) || resource.includes("#")) return false;
  const url = new URL(resource);
  const { origin, pathname, search } = url;
  if (origin !== asked.origin || !isPlain(resource, url)) return false;
  const path = withLastSlash(pathname);
  const askedPath = withLastSlash(asked.pathname);
  return path === askedPath && search === asked.search || mayBeParent && search === "" && askedPath.startsWith(path);
}

/**
 * Whether a text is spelled as its URL, but for letters of scheme and host, and the default port. The text is what is
 * sent: a server that doesn't resolve `/victim/../mcp` would issue a token for the victim.
 */
function isPlain(text: string, { protocol, hostname, host, pathname, search }: URL): boolean {
  const [, authority = "", rest = ""] = /^[a-z]+:\/\/([^/?\\]*)(.*)$/i.exec(text) ?? [];
  const usual = `${hostname}:${protocol === "https:" ? 443 : 80}`;
  return [host, usual].includes(authority.toLowerCase()) && (rest || "/") === pathname + search;
}

function withLastSlash(path: string): string {
  return path.endsWith("/") ? path : `${path}/`;
}
