/**
 * Clients' certificates at the authorization server (RFC 8705), whether a trusted authority has issued them or not.
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";
import { encodeBase64Url } from "@std/encoding/base64url";
import type { Server } from "node:http";
import { createServer } from "node:https";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";
import type { Context } from "./oidc_provider.d.ts";
import type { KeyPair } from "./tls_certificates.ts";

export interface MutualTls {
  /** The server's. */
  readonly certificate: KeyPair;
  /** The authority whose certificates it trusts, as PEM text. */
  readonly clientAuthority: string;
  /**
   * Whether a TLS session begun at one port can be resumed at the other, without a certificate: this finds clients that
   * tell sessions by the host's name alone. Default: `true`.
   */
  readonly sharesSessions?: boolean;
}

/** Settings of `node:https` by which a server asks for a certificate, and accepts any, or none. */
export function askForCertificate(authority: string) {
  return { ca: authority, requestCert: true, rejectUnauthorized: false };
}

/** Creates the ordinary server, and the one that asks for certificates. */
export function mutualTlsServers({ certificate, clientAuthority, sharesSessions = true }: MutualTls): Server[] {
  // Deno's servers share their sessions if these are of one version.
  const ordinary = sharesSessions ? {} : { maxVersion: "TLSv1.2" } as const;
  return [ordinary, askForCertificate(clientAuthority)].map((more) => createServer({ ...certificate, ...more }));
}

/** The certificate shown on a connection, if there is one. */
function readCertificate(socket: unknown): DetailedPeerCertificate | undefined {
  const certificate = (socket as TLSSocket).getPeerCertificate?.(true);
  return certificate?.raw === undefined ? undefined : certificate;
}

/** Computes the thumbprint of the certificate shown (RFC 8705 §3.1). */
export async function computeThumbprint(socket: unknown): Promise<string | undefined> {
  const certificate = readCertificate(socket);
  return certificate && encodeBase64Url(await crypto.subtle.digest("SHA-256", new Uint8Array(certificate.raw)));
}

/** Node's names of the properties of RFC 8705 §2.1.2. */
const kinds: Readonly<Record<string, string>> = {
  tls_client_auth_san_dns: "DNS",
  tls_client_auth_san_uri: "URI",
  tls_client_auth_san_ip: "IP Address",
};

export const mutualTlsMethods = ["tls_client_auth", "self_signed_tls_client_auth"] as const;

/** The provider's settings for it. */
export const mutualTlsFeature = {
  enabled: true,
  tlsClientAuth: true,
  selfSignedTlsClientAuth: true,
  certificateBoundAccessTokens: true,
  getCertificate({ socket }: Context) {
    const certificate = readCertificate(socket);
    if (!certificate) return undefined;
    return `-----BEGIN CERTIFICATE-----\n${encodeBase64(new Uint8Array(certificate.raw))}\n-----END CERTIFICATE-----\n`;
  },
  certificateAuthorized: ({ socket }: Context) =>
    readCertificate(socket) !== undefined && (socket as unknown as TLSSocket).authorized,
  certificateSubjectMatches({ socket }: Context, property: string, expected: string) {
    const { subject = {}, subjectaltname = "" } = readCertificate(socket) ?? {};
    if (property !== "tls_client_auth_subject_dn") {
      return subjectaltname.split(", ").includes(`${kinds[property]}:${expected}`);
    }
    // RFC 4514: the last part comes first.
    return Object.entries(subject).map(([name, value]) => `${name}=${value}`).reverse().join(",") === expected;
  },
};
