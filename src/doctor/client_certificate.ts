/**
 * The client's own certificate.
 *
 * @module
 */

import { readPems } from "../transport/pem.ts";
import type { Examination } from "./examination.ts";

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
