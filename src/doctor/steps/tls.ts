/**
 * TLS: the servers' certificates, and whether they want one of the client.
 *
 * @module
 */

import type * as Tls from "node:tls";
import { readPems } from "../../transport/pem.ts";
import { parseProxyUrl } from "../../transport/proxy_url.ts";
import { openTunnel } from "../../transport/unverified_connection.ts";
import type { Examination, Finding, Reach, Step } from "../examination.ts";
import { describeFailure, nameOptions } from "../failure_advice.ts";
import { classifyFailure, type NetworkFailure } from "../network_failure.ts";
import { findProxy } from "../proxies.ts";
import { reach } from "../reach.ts";
import { type TlsView, viewTls } from "../sockets.ts";
import { bareHost, gather, listTargets, nameCheck, readPort, type Target } from "../targets.ts";

const name = "TLS";

/** Days from which on a certificate's end is worth a remark. */
const soon = 14;

/** Looks at each server's certificate. Whether it is trusted, the options' transport decides. */
export const tls: Step = {
  name,
  patience: 2,
  async run(examination) {
    const targets = listTargets(examination).filter(({ url }) => !examination.facts.unreachable.has(url.origin));
    return gather(name, (await Promise.all(targets.map((target) => examine(target, examination)))).flat());
  },
};

async function examine(target: Target, examination: Examination): Promise<Finding[]> {
  const { facts } = examination;
  const { url } = target;
  const reached = await reach(examination, target);
  if (url.protocol === "http:") return await findHiddenTls(target, reached, examination);
  const view = await look(target, examination);
  if (reached.answer) return [describeCertificate(target, view?.certificate, examination)];
  const failure = classifyFailure(reached.error, url.hostname);
  const { seen, ...shown } = explainView(view, failure, examination);
  // What is no fault of TLS is for the next steps, and of options for the first.
  if (failure.code === "invalid_option" || !/^(tls_|not_tls|client_)/.test(shown.code)) return [];
  facts.unreachable.add(url.origin);
  const by = findProxy(examination, url) ? " (as seen through the proxy)" : "";
  const said = seen && `${url.host}'s certificate${by} ${seen}.`;
  return [await describeFailure(name, target, shown, examination, said)];
}

/** Looks at a server, through the proxy if there is one. */
async function look({ url }: Target, examination: Examination): Promise<TlsView | undefined> {
  const { options: { verify, clientCertificate }, stepTimeout: timeout, signal } = examination;
  const proxy = parseProxyUrl(findProxy(examination, url)?.url.href);
  try {
    const { readFile } = await import("node:fs/promises");
    const pems = await readPems({ verify, clientCertificate }, (path) => readFile(path, "utf8"));
    const socket = proxy && await openTunnel(url, proxy, signal);
    const place = { host: bareHost(url), port: readPort(url), timeout, signal };
    return await viewTls(place, { ...pems, ...socket && { socket } } as Parameters<typeof viewTls>[1]);
  } catch {
    return undefined;
  }
}

/** Describes a certificate that the transport accepts. */
function describeCertificate(
  target: Target,
  certificate: Tls.DetailedPeerCertificate | undefined,
  examination: Examination,
): Finding {
  const { url } = target;
  if (!certificate?.valid_to) return { name, status: "passed", seen: `${url.host}: the handshake succeeds.` };
  const { valid_to } = certificate;
  const days = Math.floor((Date.parse(valid_to) - readNow(examination)) / 86_400_000);
  const seen = `${url.host}: certificate by ${readIssuerName(certificate)}, valid until ${formatMinute(valid_to)}.`;
  if (days >= soon) return { name, status: "passed", seen };
  return {
    name: nameCheck(name, target),
    status: "warned",
    code: "tls_expired",
    seen,
    change: `Have the operator of ${url.host} replace its certificate in time.`,
  };
}

/** Says what is wrong with what a server shows: `seen` is a predicate of its certificate. */
function explainView(
  { certificate, distrust, mismatch, error }: TlsView = {},
  failure: NetworkFailure,
  examination: Examination,
): NetworkFailure & { seen?: string } {
  const { verify } = examination.options;
  if (certificate?.valid_to) {
    const expired = findExpired(certificate, readNow(examination));
    if (expired) return { ...failure, code: "tls_expired", seen: expired };
    if (mismatch) {
      const names = certificate.subjectaltname?.slice(0, 120) ?? "another name";
      return { ...failure, code: "tls_name_mismatch", seen: `is for ${names}` };
    }
  }
  const refusal = error ? classifyFailure(error, "") : failure;
  if (/^client_|^not_tls|name_mismatch/.test(refusal.code)) return refusal;
  if (distrust) {
    const issuer = certificate ? readIssuerName(certificate) : "an authority";
    const isOwn = typeof verify === "string" && verify !== "";
    const seen = /^DEPTH_ZERO/.test(distrust)
      ? "is signed by itself, and not trusted here"
      : `comes from ${issuer}, which isn't trusted here${isOwn ? `, nor by ${examination.nameOption("verify")}` : ""}`;
    return { ...failure, code: "tls_untrusted", seen: `${seen} (${distrust})` };
  }
  // Not all runtimes show the alert by which a server rejects the client's certificate, and not all servers send one.
  return error && certificate
    ? {
      code: "client_certificate_required",
      state: "it ends the connection after the handshake, as servers do without a client certificate that they accept",
    }
    : /^tls_/.test(refusal.code)
    ? refusal
    : failure;
}

/** Says which certificate of a chain has expired, or isn't valid yet. */
function findExpired(leaf: Tls.DetailedPeerCertificate, now: number): string | undefined {
  const today = formatMinute(now);
  for (let each = leaf, depth = 0; each?.valid_to && depth < 5; each = each.issuerCertificate, depth++) {
    const which = depth === 0 ? "" : `has an authority above it (${readIssuerName({ issuer: each.subject })}) that `;
    if (now > Date.parse(each.valid_to)) {
      return `${which}expired on ${formatMinute(each.valid_to)}; here it is ${today}`;
    }
    if (now < Date.parse(each.valid_from)) {
      return `${which}isn't valid before ${formatMinute(each.valid_from)}; here it is ${today}`;
    }
    if (each.issuerCertificate === each) break;
  }
  return undefined;
}

/** Finds a port that speaks TLS though the URL is `http:`. */
async function findHiddenTls(target: Target, reached: Reach, examination: Examination): Promise<Finding[]> {
  const { url } = target;
  const { answer, error } = reached;
  if (findProxy(examination, url)) return [];
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

function readIssuerName({ issuer }: Pick<Tls.DetailedPeerCertificate, "issuer">): string {
  return `"${String(issuer?.CN ?? issuer?.O ?? "an unnamed authority").slice(0, 80)}"`;
}

function readNow({ options: { clock } }: Examination): number {
  return clock?.wall() ?? Date.now();
}

function formatMinute(time: number | string): string {
  return new Date(time).toISOString().replace(/:\d\d\.\d+Z$/, "Z");
}
