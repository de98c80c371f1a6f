/**
 * Authorization server metadata (RFC 8414 §2), parsed field by field.
 *
 * @module
 */

import { isSameIssuer, isSamePlace } from "./issuer.ts";
import {
  type FieldParser,
  isSecure,
  isUrl,
  parseFields,
  parseFlag,
  parseList,
  parseUrl,
  parseUrls,
} from "./metadata_fields.ts";
import type { Answer, Document } from "./published_document.ts";

/**
 * An authorization server's metadata (RFC 8414 §2), as far as client credentials need it. Fields that are missing or
 * malformed are absent.
 */
export interface AuthorizationServerMetadata {
  /** The issuer identifier, as the server writes it. */
  readonly issuer: string;
  /** URL of the token endpoint. */
  readonly token_endpoint: string;
  /** Client authentication methods of the token endpoint. Where absent, `client_secret_basic` (RFC 8414 §2). */
  readonly token_endpoint_auth_methods_supported?: readonly string[];
  /** Signing algorithms for client assertions (RFC 7523). */
  readonly token_endpoint_auth_signing_alg_values_supported?: readonly string[];
  /** Scopes; the server may know more. */
  readonly scopes_supported?: readonly string[];
  /** Grant types. Where absent, `authorization_code` and `implicit`; many servers support others all the same. */
  readonly grant_types_supported?: readonly string[];
  /** Signing algorithms for DPoP proofs (RFC 9449 §5.1). */
  readonly dpop_signing_alg_values_supported?: readonly string[];
  /** Whether the server binds tokens to client certificates (RFC 8705 §3.3). */
  readonly tls_client_certificate_bound_access_tokens?: boolean;
  /** Endpoints for mutual TLS, by name (RFC 8705 §5). */
  readonly mtls_endpoint_aliases?: Readonly<Record<string, string>>;
  /** URL of the server's public keys. */
  readonly jwks_uri?: string;
  /** URL of the introspection endpoint (RFC 7662). */
  readonly introspection_endpoint?: string;
  /** URL of the revocation endpoint (RFC 7009). */
  readonly revocation_endpoint?: string;
}

/** What a document must match. */
export interface MetadataContext {
  /** The expected issuer. */
  readonly issuer: string;
  readonly allowInsecureRequests?: boolean | undefined;
}

/** Parses a metadata document, or says why it isn't used. */
export function parseAuthorizationServerMetadata(
  document: Document,
  { issuer: expected, allowInsecureRequests = false }: MetadataContext,
): Answer<AuthorizationServerMetadata> {
  const { issuer, token_endpoint } = document;
  const invalid = (reason: string, advice: string) => ({ miss: { code: "invalid_config", reason, advice } as const });
  if (typeof issuer !== "string") return invalid("names no issuer (RFC 8414 §2)", "Check the issuer.");
  if (!isSameIssuer(issuer, expected)) {
    if (isSamePlace(issuer, expected)) {
      return invalid(
        "spells the issuer differently",
        "Write it exactly as the server does, with the same letters and port (RFC 8414 §3.3).",
      );
    }
    return invalid(
      "names another issuer",
      "Write the issuer exactly as the server does (RFC 8414 §3.3); if you did, don't trust the answer.",
    );
  }
  if (!isUrl(token_endpoint)) {
    return invalid(
      "names no token_endpoint that is an absolute URL",
      "Configure the token endpoint yourself (StaticClientConfigStore).",
    );
  }
  const isAllowed = (url: string) => isSecure(url, expected, allowInsecureRequests);
  if (!isAllowed(token_endpoint)) {
    return {
      miss: {
        code: "insecure_endpoint",
        reason: "names an http: token_endpoint",
        advice: "Have the server publish an https: one, or set allowInsecureRequests.",
      },
    };
  }
  const metadata = Object.freeze({ ...parseFields(document, fields, isAllowed), issuer, token_endpoint });
  const alias = Object(document.mtls_endpoint_aliases).token_endpoint;
  if (isUrl(alias) && !isAllowed(alias)) withInsecureAlias.add(metadata);
  return { ok: metadata };
}

/** Metadata whose token endpoint for mutual TLS was dropped: an error only for the few clients that need it. */
const withInsecureAlias = new WeakSet<AuthorizationServerMetadata>();

/** Whether the server publishes an `http:` token endpoint for mutual TLS, which the metadata leaves out. */
export function hasInsecureAlias(metadata: AuthorizationServerMetadata): boolean {
  return withInsecureAlias.has(metadata);
}

const fields = new Map<string, FieldParser>([
  ["token_endpoint_auth_methods_supported", parseList],
  ["token_endpoint_auth_signing_alg_values_supported", parseList],
  ["scopes_supported", parseList],
  ["grant_types_supported", parseList],
  ["dpop_signing_alg_values_supported", parseList],
  ["tls_client_certificate_bound_access_tokens", parseFlag],
  ["mtls_endpoint_aliases", parseUrls],
  ["jwks_uri", parseUrl],
  ["introspection_endpoint", parseUrl],
  ["revocation_endpoint", parseUrl],
]);
