/**
 * What to change where a server can't be reached.
 *
 * @module
 */

import { describeOwnCertificate } from "./client_certificate.ts";
import type { DiagnosisCode } from "./codes.ts";
import type { Examination, Finding } from "./examination.ts";
import type { NetworkFailure } from "./network_failure.ts";
import { bareHost, nameCheck, readPort, type Target } from "./targets.ts";

/** Makes a failed check of a failure. `seen` says more than its state, where more is known. */
export async function describeFailure(
  name: string,
  target: Target,
  { code, state }: NetworkFailure,
  examination: Examination,
  seen = `${target.url.host} (${target.role}): ${state}.`,
): Promise<Finding> {
  const isGiven = examination.options.clientCertificate !== undefined;
  if (code === "connection_timeout") seen = seen.replace("in time", `within ${examination.stepTimeout} ms`);
  if (isGiven && code === "client_certificate_required") code = "client_certificate_rejected";
  if (code === "client_certificate_rejected") seen += await describeOwnCertificate(examination);
  const change = advise(code, target, examination) ??
    `Check the host and port of ${nameOptions(target, examination)}, what stands before the server, and that it runs.`;
  // In a browser, an answer that CORS forbids to read looks like none.
  const cors = examination.host === "other" && code === "unexplained"
    ? " In a browser, have the server allow the page's origin (CORS)."
    : "";
  return { name: nameCheck(name, target), status: "failed", code, seen, change: change + cors };
}

function advise(code: DiagnosisCode, target: Target, examination: Examination): string | undefined {
  const { nameOption, options, host } = examination;
  const { url } = target;
  const where = nameOptions(target, examination);
  switch (code) {
    case "permission_denied":
      return `Run with --allow-net=${url.host} (and --allow-read for files of the options).`;
    case "name_not_resolved":
      return `Check the spelling of the host in ${where}, and the name server, VPN or hosts file of this machine.`;
    case "connection_timeout":
      return `Check the host and port of ${where}, the server's load, and firewalls before ${bareHost(url)}:${
        readPort(url)
      }${options.fetch || options.httpProxyUrl ? "" : `; if a proxy leads there, set ${nameOption("httpProxyUrl")}`}.`;
    case "not_tls":
      return `Check the port of ${where}; on loopback, write "http:".`;
    case "tls_name_mismatch":
      return `Write ${where} with a name of the certificate, or have one issued for ${bareHost(url)}.`;
    case "tls_failed":
      return `Check the port of ${where}, and that the server speaks TLS 1.2 or 1.3 there; one that wants a client ` +
        `certificate may end the handshake so, too: set ${nameOption("clientCertificate")}.`;
    case "tls_expired":
      return `Have the operator of ${url.host} replace the certificate, and check this machine's date.`;
    case "tls_untrusted": {
      const variable = { deno: " (or DENO_CERT)", bun: " (or SSL_CERT_FILE)", node: "", other: undefined }[host];
      return `If its authority is private, set ${nameOption("verify")}${
        variable === undefined ? "" : `, or the variable NODE_EXTRA_CA_CERTS${variable},`
      } to the authority's PEM file; else have the server send its intermediate certificates.`;
    }
    case "client_certificate_required":
      return `Set ${nameOption("clientCertificate")} (cert and key), as the server's operator issued it.`;
    case "client_certificate_rejected":
      return `Set ${
        nameOption("clientCertificate")
      } to a live certificate of an authority that the server trusts, with its ` +
        "intermediates.";
  }
}

/** The options that name a server. */
export function nameOptions({ role }: Target, { nameOption, facts }: Examination): string {
  const isPublished = facts.settingsUrls.length > 0;
  return role.split(", ").map((each) => {
    if (each === "API") return nameOption("endpoint");
    if (each === "settings") return nameOption("issuer");
    return nameOption("tokenEndpoint") + (isPublished ? " (as the server's metadata has it)" : "");
  }).join(" and ");
}
