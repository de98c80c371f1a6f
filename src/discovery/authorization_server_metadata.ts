/**
 * What an authorization server publishes of itself (RFC 8414 §2), judged field by field.
 *
 * @module
 */

import { isSameIssuer, isSamePlace } from "./issuer.ts";
import { flag, isSecure, isUrl, keepFields, type Kind, list, url, urls } from "./metadata_fields.ts";
import type { Answer, Document } from "./published_document.ts";

/**
 * What an authorization server publishes of itself, in the words of RFC 8414 §2: what is of use to a client that acts
 * for itself. A field the server doesn't publish, or publishes in another form, is absent.
 */
export interface AuthorizationServerMetadata {
  /** Its issuer identifier, as it writes it. */
  readonly issuer: string;
  /** Where tokens are given. */
  readonly token_endpoint: string;
  /** How clients may prove who they are there. Where absent, by `client_secret_basic` (RFC 8414 §2). */
  readonly token_endpoint_auth_methods_supported?: readonly string[];
  /** By which algorithms clients may sign who they are (RFC 7523). */
  readonly token_endpoint_auth_signing_alg_values_supported?: readonly string[];
  /** The scopes it tells of; it may know more. */
  readonly scopes_supported?: readonly string[];
  /** The grants it gives. Where absent, `authorization_code` and `implicit`: many servers give others all the same. */
  readonly grant_types_supported?: readonly string[];
  /** By which algorithms proofs of possession may be signed (RFC 9449 §5.1). */
  readonly dpop_signing_alg_values_supported?: readonly string[];
  /** Whether it binds tokens to client certificates (RFC 8705 §3.3). */
  readonly tls_client_certificate_bound_access_tokens?: boolean;
  /** Its endpoints for mutual TLS, by their names (RFC 8705 §5). */
  readonly mtls_endpoint_aliases?: Readonly<Record<string, string>>;
  /** Where its public keys are. */
  readonly jwks_uri?: string;
  /** Where tokens are looked up (RFC 7662). */
  readonly introspection_endpoint?: string;
  /** Where tokens are given back (RFC 7009). */
  readonly revocation_endpoint?: string;
}

/** What a document is judged by. */
export interface MetadataContext {
  /** The issuer that was asked for. */
  readonly issuer: string;
  readonly allowInsecureRequests?: boolean | undefined;
}

/** The metadata in a document, or why it isn't used. */
export function judgeMetadata(
  document: Document,
  { issuer: expected, allowInsecureRequests = false }: MetadataContext,
): Answer<AuthorizationServerMetadata> {
  const { issuer, token_endpoint } = document;
  const invalid = (reason: string, advice: string) => ({ miss: { code: "invalid_config", reason, advice } as const });
  if (typeof issuer !== "string") return invalid("names no issuer (RFC 8414 §2)", "Check the issuer.");
  if (!isSameIssuer(issuer, expected)) {
    if (isSamePlace(issuer, expected)) {
      return invalid(
        "writes this issuer in another way",
        "Write it exactly as the server does, with the same letters and port (RFC 8414 §3.3).",
      );
    }
    return invalid(
      "speaks for another issuer",
      "Write the issuer exactly as the server does (RFC 8414 §3.3); if you did, don't trust the answer.",
    );
  }
  if (!isUrl(token_endpoint)) {
    return invalid(
      "names no token_endpoint that is an absolute URL",
      "Name the token endpoint yourself (StaticClientConfigStore).",
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
  const metadata = Object.freeze({ ...keepFields(document, kinds, isAllowed), issuer, token_endpoint });
  const alias = Object(document.mtls_endpoint_aliases).token_endpoint;
  if (isUrl(alias) && !isAllowed(alias)) withInsecureAlias.add(metadata);
  return { ok: metadata };
}

/** Those whose token endpoint for mutual TLS was left out. Few clients want it: it is no fault before one does. */
const withInsecureAlias = new WeakSet<AuthorizationServerMetadata>();

/** Whether the server names an `http:` token endpoint for mutual TLS, which isn't in the metadata. */
export function hasInsecureAlias(metadata: AuthorizationServerMetadata): boolean {
  return withInsecureAlias.has(metadata);
}

const kinds = new Map<string, Kind>([
  ["token_endpoint_auth_methods_supported", list],
  ["token_endpoint_auth_signing_alg_values_supported", list],
  ["scopes_supported", list],
  ["grant_types_supported", list],
  ["dpop_signing_alg_values_supported", list],
  ["tls_client_certificate_bound_access_tokens", flag],
  ["mtls_endpoint_aliases", urls],
  ["jwks_uri", url],
  ["introspection_endpoint", url],
  ["revocation_endpoint", url],
]);
