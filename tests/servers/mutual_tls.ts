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
  /**
   * Whether a TLS session begun at one port may go on at the other, where the client then shows no certificate: clients
   * that know sessions by the host's name alone are found out. Default: `true`.
   */
  readonly sharesSessions?: boolean;
}

/** The ordinary server, which asks nobody for a certificate, and the one that does, and takes whatever is shown. */
export function mutualTlsServers({ certificate, clientAuthority, sharesSessions = true }: MutualTls): Server[] {
  return [
    // Deno's servers share their sessions, if these are of one version.
    createServer({ ...certificate, ...!sharesSessions && { maxVersion: "TLSv1.2" } }),
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
