/**
 * What a server knows of the certificate a client has shown (RFC 8705), whether anybody vouches for it or not.
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";
import { encodeBase64Url } from "@std/encoding/base64url";
import type { DetailedPeerCertificate, TLSSocket } from "node:tls";

/** Settings of `node:https` by which a server asks for a certificate, and takes whatever is shown, or nothing. */
export function asksForCertificate(authority: string) {
  return { ca: authority, requestCert: true, rejectUnauthorized: false };
}

/** The certificate shown on a connection, where there is one. */
export class ShownCertificate {
  readonly #socket: TLSSocket;
  readonly #certificate: DetailedPeerCertificate;

  private constructor(socket: TLSSocket, certificate: DetailedPeerCertificate) {
    this.#socket = socket;
    this.#certificate = certificate;
  }

  static of(socket: unknown): ShownCertificate | undefined {
    const certificate = (socket as TLSSocket).getPeerCertificate?.(true);
    // Without one it is an object all the same.
    return certificate?.raw === undefined ? undefined : new ShownCertificate(socket as TLSSocket, certificate);
  }

  /** Whether an authority that the server trusts has issued it, and it is valid today. */
  get isAuthorized(): boolean {
    return this.#socket.authorized;
  }

  get pem(): string {
    return `-----BEGIN CERTIFICATE-----\n${encodeBase64(this.#der)}\n-----END CERTIFICATE-----\n`;
  }

  /** As tokens name it (RFC 8705 §3.1). */
  async thumbprint(): Promise<string> {
    return encodeBase64Url(await crypto.subtle.digest("SHA-256", this.#der));
  }

  /** Whether it says what is registered, by the names of RFC 8705 §2.1.2. */
  says(property: string, expected: string): boolean {
    if (property === "tls_client_auth_subject_dn") return this.#subject === expected;
    const kind = kinds[property];
    const names = this.#certificate.subjectaltname?.split(", ") ?? [];
    return kind !== undefined && names.includes(`${kind}:${expected}`);
  }

  /** As text (RFC 4514): the last part comes first. */
  get #subject(): string {
    return Object.entries(this.#certificate.subject).map(([name, value]) => `${name}=${value}`).reverse().join(",");
  }

  get #der(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#certificate.raw);
  }
}

/** What Node calls the kinds of names. */
const kinds: Readonly<Record<string, string>> = {
  tls_client_auth_san_dns: "DNS",
  tls_client_auth_san_uri: "URI",
  tls_client_auth_san_ip: "IP Address",
};
