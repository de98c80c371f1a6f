/**
 * The client's own certificate.
 *
 * @module
 */

import { readPems } from "../transport/pem.ts";
import type { Examination, Finding } from "./examination.ts";
import { certificateValue, nameSetting } from "./name_setting.ts";

/** An answer that asks for a client certificate, or another one. */
export interface CertificateDemand {
  readonly from: "server" | "API";
  readonly refusal: string;
  /** The server's endpoint for client certificates (RFC 8705 §5), where it has one. */
  readonly alias?: string | undefined;
}

/** Says that the client's certificate is rejected, or that one is required. */
export function explainCertificateDemand(
  { options, nameOption }: Examination,
  { from, refusal, alias }: CertificateDemand,
): Omit<Finding, "name"> {
  if (options.clientCertificate !== undefined) {
    const seen = `The ${from} rejects the client certificate: ${refusal}.`;
    const change = `Check that the ${from} trusts the certificate in ${
      nameOption("clientCertificate")
    }, with its chain.`;
    return { status: "failed", code: "client_certificate_rejected", seen, change };
  }
  const seen = `The ${from} requires a client certificate: ${refusal}.`;
  const change = `Set ${nameSetting(nameOption, "clientCertificate", certificateValue)}${
    alias ? `, for its endpoint ${alias}` : ""
  }.`;
  return { status: "failed", code: "client_certificate_required", seen, change };
}

/** Describes the client's certificate, if there is one that this runtime can read: a sentence, after a blank. */
export async function describeOwnCertificate({ options: { clientCertificate, clock } }: Examination): Promise<string> {
  if (!clientCertificate) return "";
  try {
    const { readFile } = await import("node:fs/promises");
    const { X509Certificate } = await import("node:crypto");
    const { cert } = await readPems({ clientCertificate }, (path) => readFile(path, "utf8"));
    const { issuer, validTo } = new X509Certificate(cert!);
    const hasExpired = Date.parse(validTo) < (clock?.wall() ?? Date.now());
    const day = new Date(validTo).toISOString().slice(0, 10);
    const authority = issuer.replace(/\s+/g, " ").slice(0, 80);
    return ` The client's certificate, by ${authority}, ${hasExpired ? `expired on ${day}` : `is valid until ${day}`}.`;
  } catch {
    return "";
  }
}
