/**
 * What makes of the authorization server one that takes clients by their certificates (RFC 8705).
 *
 * @module
 */

import type { Server } from "node:http";
import { createServer } from "node:https";
import { asksForCertificate, ShownCertificate } from "./client_certificate.ts";
import type { MutualTlsFeature } from "./oidc_provider.d.ts";
import type { KeyPair } from "./tls_certificates.ts";

export interface MutualTls {
  /** The server's. */
  readonly certificate: KeyPair;
  /** Whose certificates it trusts, as PEM text. */
  readonly clientAuthority: string;
}

/** The ordinary server, which asks nobody for a certificate, and the one that does, and takes whatever is shown. */
export function mutualTlsServers({ certificate, clientAuthority }: MutualTls): Server[] {
  return [
    // Of an older TLS than the other: Deno's servers share their sessions, Deno's client keeps one by the host's name
    // alone, and who goes on with one from here shows no certificate there.
    createServer({ ...certificate, maxVersion: "TLSv1.2" }),
    createServer({ ...certificate, ...asksForCertificate(clientAuthority) }),
  ];
}

export const mutualTlsMethods = ["tls_client_auth", "self_signed_tls_client_auth"] as const;

/** As the provider wants to be told of certificates. */
export const mutualTlsFeature: MutualTlsFeature = {
  enabled: true,
  tlsClientAuth: true,
  selfSignedTlsClientAuth: true,
  certificateBoundAccessTokens: true,
  getCertificate: ({ socket }) => ShownCertificate.of(socket)?.pem,
  certificateAuthorized: ({ socket }) => ShownCertificate.of(socket)?.isAuthorized ?? false,
  certificateSubjectMatches: ({ socket }, property, expected) =>
    ShownCertificate.of(socket)?.says(property, expected) ?? false,
};
