/**
 * TLS: the servers' certificates, and whether they want one of the client.
 *
 * @module
 */

import type * as Tls from "node:tls";
import { readTlsSettings } from "../../transport/pem.ts";
import type { Examination, Finding, Step } from "../examination.ts";
import { classifyFailure } from "../network_failure.ts";
import { findProxy } from "../proxies.ts";
import { type Reach, reach } from "../reach.ts";
import { type TlsView, viewTls } from "../sockets.ts";
import { bareHost, listTargets, nameCheck, readPort, type Target } from "../targets.ts";
import { nameOptions } from "./name_resolution.ts";

const name = "TLS";

/** Days from which on a certificate's end is worth a remark. */
const soon = 14;

/** Looks at each server's certificate. Whether it is trusted, the options' transport decides. */
export const tls: Step = {
  name,
  patience: 2,
  async run(examination) {
    const targets = listTargets(examination).filter(({ url }) => !examination.facts.unreachable.has(url.origin));
    const findings = (await Promise.all(targets.map((target) => examine(target, examination)))).flat();
    const passed = findings.filter(({ status }) => status === "passed").map(({ seen }) => seen);
    const others = findings.filter(({ status }) => status !== "passed");
    return passed.length > 0 ? [{ name, status: "passed", seen: passed.join(" ") }, ...others] : others;
  },
};

async function examine(target: Target, examination: Examination): Promise<Finding[]> {
  const { url } = target;
  const reached = await reach(examination, target);
  const isSecure = url.protocol === "https:";
  const isProxied = findProxy(examination, url) !== undefined;
  if (!isSecure) return isProxied ? [] : await findHiddenTls(target, reached, examination);
  const view = isProxied ? undefined : await look(target, examination);
  if (reached.answer) return [describeView(target, view, examination)];
  const finding = explainView(target, view, examination) ?? explainError(target, reached.error!, examination);
  if (!finding) return view?.certificate ? [describeView(target, view, examination)] : [];
  examination.facts.unreachable.add(url.origin);
  return [{ ...finding, name: nameCheck(name, target), status: "failed" }];
}

async function look({ url }: Target, examination: Examination): Promise<TlsView | undefined> {
  const { options: { verify, clientCertificate }, stepTimeout: timeout, signal } = examination;
  let settings: Tls.ConnectionOptions = {};
  try {
    settings = verify || clientCertificate
      ? (await readTlsSettings({ verify, clientCertificate })).tls as typeof settings
      : {};
  } catch {
    // The transport's own error says it.
  }
  return await viewTls({ host: bareHost(url), port: readPort(url), timeout, signal }, settings);
}

/** Describes a certificate that the transport accepts. */
function describeView(target: Target, view: TlsView | undefined, examination: Examination): Finding {
  const { url } = target;
  const { certificate } = view ?? {};
  if (!certificate?.valid_to) return { name, status: "passed", seen: `${url.host}: the handshake succeeds.` };
  const days = countDays(certificate, examination);
  const seen = `${url.host}: certificate by ${readIssuerName(certificate)}, ${
    days < 0 ? "expired" : `valid for ${days} more day${days === 1 ? "" : "s"}`
  }.`;
  if (days >= soon) return { name, status: "passed", seen };
  return {
    name: nameCheck(name, target),
    status: "warned",
    code: "tls_expired",
    seen,
    change: `Have the operator of ${url.host} replace its certificate.`,
  };
}

type Fault = Omit<Finding, "name" | "status">;

/** Says what is wrong with what a server shows, if something is. */
function explainView(target: Target, view: TlsView | undefined, examination: Examination): Fault | undefined {
  const { url } = target;
  const { certificate, distrust, mismatch, error } = view ?? {};
  if (certificate?.valid_to) {
    const [from, to] = [certificate.valid_from, certificate.valid_to].map((text) => Date.parse(text));
    const now = (examination.options.clock?.wall ?? Date.now)();
    if (now > to! || now < from!) {
      return {
        code: "tls_expired",
        seen: `${url.host}'s certificate ${
          now > to! ? `expired on ${formatDay(to!)}` : `is valid from ${formatDay(from!)} on`
        }.`,
        change: now > to!
          ? `Have the operator of ${url.host} replace the certificate (and check this machine's date: ${
            formatDay(now)
          }).`
          : `Check this machine's date: ${formatDay(now)}.`,
      };
    }
    if (mismatch) {
      return {
        code: "tls_name_mismatch",
        seen: `${url.host}'s certificate is for ${certificate.subjectaltname?.slice(0, 120) ?? "another name"}.`,
        change: `Write ${nameOptions(target, examination)} with a name of the certificate, or have it issued for ${
          bareHost(url)
        }.`,
      };
    }
  }
  const refusal = error && classifyFailure(error, url.hostname);
  if (refusal && /^client_certificate/.test(refusal.code)) {
    return describeClientCertificate(target, examination, refusal.state);
  }
  if (error && !certificate && refusal?.code !== "connection_timeout") {
    if (refusal?.code === "not_tls") return describePlain(target, examination);
    if (/HANDSHAKE_FAILURE|HandshakeFailure|handshake failure/i.test(`${Object(error).code} ${error.message}`)) {
      return describeClientCertificate(
        target,
        examination,
        "it ends the handshake, as servers do without one they accept",
      );
    }
  }
  if (distrust) return describeDistrust(target, certificate, distrust, examination);
  // A server may close the connection without a word, too.
  return error && certificate && examination.options.clientCertificate
    ? describeClientCertificate(target, examination, "it closes the connection after the handshake")
    : undefined;
}

/** Says what is wrong by the transport's own error. */
function explainError(target: Target, error: Error, examination: Examination): Fault | undefined {
  const { code, state } = classifyFailure(error, target.url.hostname);
  if (code === "tls_untrusted") return describeDistrust(target, undefined, undefined, examination);
  if (code === "not_tls") return describePlain(target, examination);
  if (/^client_certificate/.test(code)) return describeClientCertificate(target, examination, state);
  if (code === "invalid_option") {
    return {
      code,
      seen: examination.redact(error.message),
      change: `Correct ${examination.nameOption("verify")} or ${examination.nameOption("clientCertificate")}.`,
    };
  }
  if (!/^tls_/.test(code)) return undefined;
  return {
    code,
    seen: `${target.url.host}: ${state}.`,
    change: `Check the port and the certificate of ${nameOptions(target, examination)}.`,
  };
}

function describeDistrust(
  { url }: Target,
  certificate: Tls.DetailedPeerCertificate | undefined,
  reason: string | undefined,
  examination: Examination,
): Fault {
  const { host, options: { verify } } = examination;
  const issuer = certificate && readIssuerName(certificate);
  const isChainBroken = reason === "UNABLE_TO_VERIFY_LEAF_SIGNATURE";
  const isOwn = typeof verify === "string" && verify !== "";
  const variables = { deno: "NODE_EXTRA_CA_CERTS or DENO_CERT", bun: "NODE_EXTRA_CA_CERTS or SSL_CERT_FILE" };
  const variable = host === "other" ? "" : `, or ${host === "node" ? "NODE_EXTRA_CA_CERTS" : variables[host]}`;
  return {
    code: "tls_untrusted",
    seen: `${url.host}'s certificate comes from ${issuer ?? "an authority"}, which isn't trusted here${
      isOwn ? ` (nor by ${examination.nameOption("verify")})` : ""
    }${reason ? ` (${reason})` : ""}.${
      isChainBroken ? " The server sends no certificate of that authority along." : ""
    }`,
    change: `If it is a private authority, set ${examination.nameOption("verify")}${variable} to the PEM file of ${
      isOwn ? "this" : "its"
    } authority; else have the server send its intermediate certificates.`,
  };
}

function describeClientCertificate({ url }: Target, examination: Examination, state: string): Fault {
  const option = examination.nameOption("clientCertificate");
  const isGiven = examination.options.clientCertificate !== undefined;
  return {
    code: isGiven ? "client_certificate_rejected" : "client_certificate_required",
    seen: `${url.host} doesn't take the ${
      isGiven ? "client certificate" : "connection without a client certificate"
    }: ${state}.`,
    change: isGiven
      ? `Set ${option} to a certificate of an authority that the server trusts, with its intermediates.`
      : `Set ${option} (cert and key), as the server's operator issued it.`,
  };
}

function describePlain(target: Target, examination: Examination): Fault {
  return {
    code: "not_tls",
    seen: `${target.url.host} doesn't speak TLS at this port, and the URL is https:.`,
    change: `Check the port of ${nameOptions(target, examination)}; on loopback, write "http:".`,
  };
}

/** Finds a port that speaks TLS though the URL is `http:`. */
async function findHiddenTls(target: Target, reached: Reach, examination: Examination): Promise<Finding[]> {
  const { url } = target;
  const { answer, error } = reached;
  if (answer ? !(answer.status === 400 && /HTTPS/i.test(answer.text)) : !error) return [];
  const isLate = error && classifyFailure(error, url.hostname).code === "connection_timeout";
  const view = isLate ? undefined : await look(target, examination);
  if (!view?.certificate?.valid_to) return [];
  examination.facts.unreachable.add(url.origin);
  return [{
    name: nameCheck(name, target),
    status: "failed",
    code: target.role === "API" ? "http_api" : "http_endpoint",
    seen: `${url.host} speaks TLS at this port, and the URL is http:.`,
    change: `Write ${nameOptions(target, examination)} with "https:".`,
  }];
}

function readIssuerName({ issuer }: Tls.DetailedPeerCertificate): string {
  const name = issuer?.CN ?? issuer?.O ?? "an unnamed authority";
  return `"${String(name).slice(0, 80)}"`;
}

function countDays({ valid_to }: Tls.DetailedPeerCertificate, { options: { clock } }: Examination): number {
  return Math.floor((Date.parse(valid_to) - (clock?.wall() ?? Date.now())) / 86_400_000);
}

function formatDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
