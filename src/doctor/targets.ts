/**
 * The servers that a diagnosis is about.
 *
 * @module
 */

import { parseUrl } from "../arguments.ts";
import { formatUrl } from "../token_endpoint/exchange.ts";
import type { Examination, Finding } from "./examination.ts";

/** A server to reach. */
export interface Target {
  /** What it is: `token endpoint`, `issuer`, `API`, in the order in which they are needed. */
  readonly role: string;
  readonly url: URL;
}

/** The token endpoint, once the settings are known. */
export function findTokenEndpoint({ facts: { settings } }: Examination): URL | undefined {
  return settings && parseHttpUrl(settings.tokenEndpoint);
}

/** Advice to set the token endpoint that the server's metadata names, where it is another one than `url`. */
export function suggestTokenEndpoint(examination: Examination, url: URL): string | undefined {
  const named = examination.facts.metadata?.token_endpoint;
  if (named === undefined || formatUrl(new URL(named)) === formatUrl(url)) return undefined;
  return `Set ${examination.nameOption("tokenEndpoint")} to "${
    examination.redact(named)
  }", as the server's metadata says.`;
}

/** The URL of the API that is called: `request`, resolved as the authenticator's `fetch` does. */
export function findApiUrl({ options: { request, endpoint } }: Examination): URL | undefined {
  const base = parseHttpUrl(endpoint);
  return base && (request === undefined ? base : parseUrl(String(request), base.href));
}

/** All servers, one for each origin. */
export function listTargets(examination: Examination): Target[] {
  const { settingsUrls } = examination.facts;
  const all = [
    ...settingsUrls.map((url) => ({ role: "settings", url })),
    { role: "token endpoint", url: findTokenEndpoint(examination) },
    { role: "API", url: findApiUrl(examination) },
  ];
  const found = new Map<string, { roles: Set<string>; url: URL }>();
  for (const { role, url } of all) {
    if (!url) continue;
    const target = found.get(url.origin) ?? { roles: new Set<string>(), url };
    target.roles.add(role);
    // The token endpoint's own URL says more than that of a document.
    found.set(url.origin, role === "token endpoint" ? { ...target, url } : target);
  }
  return [...found.values()].map(({ roles, url }) => ({ role: [...roles].join(", "), url }));
}

/** The host as sockets and name servers take it: without the brackets of an IPv6 address. */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

/** The port of a URL, the scheme's own where it names none. */
export function readPort({ port, protocol }: URL): number {
  return Number(port || (protocol === "https:" ? 443 : 80));
}

/** Whether a host is an address, which no name server is asked for. */
export function isAddress(host: string): boolean {
  return /^[\d.]+$|:/.test(host);
}

function parseHttpUrl(url: unknown): URL | undefined {
  const parsed = typeof url === "string" || url instanceof URL ? parseUrl(url) : undefined;
  return parsed && /^https?:$/.test(parsed.protocol) ? parsed : undefined;
}

/** The name of a check of one server. Faults of the API alone don't keep a token from being issued. */
export function nameCheck(name: string, { role }: Target): string {
  return role === "API" ? `${name} (API)` : name;
}

/** Joins what was seen of servers that are fine into one check; the others follow. */
export function gather(name: string, findings: readonly Finding[]): Finding[] {
  const passed = findings.filter(({ status }) => status === "passed").map(({ seen }) => seen);
  const others = findings.filter(({ status }) => status !== "passed");
  return passed.length > 0 ? [{ name, status: "passed", seen: [...new Set(passed)].join(" ") }, ...others] : others;
}
