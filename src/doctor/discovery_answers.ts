/**
 * What servers answer where metadata is looked for (RFC 8414, OpenID Connect Discovery 1.0).
 *
 * @module
 */

import { parseUrl } from "../arguments.ts";
import {
  type AuthorizationServerMetadata,
  parseAuthorizationServerMetadata,
} from "../discovery/authorization_server_metadata.ts";
import { isSameIssuer } from "../discovery/issuer.ts";
import { listMetadataUrls } from "../discovery/metadata_request.ts";
import { parseJsonObject } from "../http/json.ts";
import { formatUrl } from "../token_endpoint/exchange.ts";
import type { Examination, Exchange, Finding } from "./examination.ts";

/** The metadata in an answer, whatever issuer it names. */
export function readMetadata({ status, text }: Exchange): AuthorizationServerMetadata | undefined {
  const document = status === 200 ? parseJsonObject(text) : undefined;
  if (!document || typeof document.issuer !== "string") return undefined;
  const parsed = parseAuthorizationServerMetadata(document, { issuer: document.issuer, allowInsecureRequests: true });
  return "ok" in parsed ? parsed.ok : undefined;
}

/** Whether an answer is a web page. */
export function isHtml({ headers, text }: Pick<Exchange, "headers" | "text">): boolean {
  return /^\s*(text\/html|application\/xhtml)/i.test(headers.get("content-type") ?? "") ||
    /^\s*<(!doctype|html)/i.test(text);
}

/** Says what is wrong with the answers that a config store got; `undefined` if it got none that says something. */
export async function explainDiscovery(
  examination: Examination,
): Promise<Omit<Finding, "name" | "status"> | undefined> {
  const { settingsAnswers: answers } = examination.facts;
  const asked = answers.map(({ url }) => readIssuer(url)).find((issuer) => issuer !== undefined);
  if (!asked) return undefined;
  const tried = summarize(answers);
  const option = examination.nameOption("issuer");
  for (const answer of answers) {
    const issuer = readIssuerField(answer);
    if (issuer === undefined || isSameIssuer(issuer, asked) && !readMetadata(answer)) continue;
    return {
      code: "issuer_mismatch",
      seen:
        `The metadata at ${formatUrl(answer.url)} names the issuer "${show(examination, issuer)}", and ${asked} was ` +
        `asked for: ${compareIssuers(issuer, asked)}.`,
      change: `Write ${option} exactly as the server does: "${show(examination, issuer)}" (if it is the right server).`,
    };
  }
  const named = answers.find((answer) => readIssuerField(answer) !== undefined);
  if (named) {
    return {
      code: "metadata_invalid",
      seen: `The metadata at ${formatUrl(named.url)} names no token_endpoint that can be used.`,
      change: `Set ${examination.nameOption("tokenEndpoint")} itself (StaticClientConfigStore).`,
    };
  }
  const other = await findElsewhere(examination, asked, answers);
  const change = other
    ? `Set ${option} to "${show(examination, other.issuer)}": so the server at ${other.place} calls itself.`
    : `Check ${option}; if the server publishes no metadata, set ${
      examination.nameOption("tokenEndpoint")
    } itself (StaticClientConfigStore).`;
  if (other && answers.every(({ status, url }) => status >= 300 || url.href === other.place)) {
    return { code: "issuer_mismatch", seen: `No metadata of ${asked}: ${tried}.`, change };
  }
  if (answers.some((answer) => isHtml(answer) && answer.status === 200)) {
    return {
      code: "metadata_is_html",
      seen: `A web page stands where the metadata of ${asked} should: ${tried}.`,
      change,
    };
  }
  if (answers.every(({ status }) => [301, 302, 303, 307, 308, 404, 405, 410, 501].includes(status))) {
    return { code: "metadata_not_found", seen: `No metadata of ${asked}: ${tried}.`, change };
  }
  if (answers.some(({ status }) => status === 200)) {
    return { code: "metadata_invalid", seen: `What is published for ${asked} is no metadata: ${tried}.`, change };
  }
  return { code: "settings_unavailable", seen: `The metadata of ${asked} can't be read: ${tried}.`, change };
}

/** Which URL answered what, once each. */
function summarize(answers: readonly Exchange[]): string {
  const lines = answers.map((answer) => {
    const location = answer.headers.get("location");
    const target = location ? parseUrl(location, answer.url.href) : undefined;
    return `${answer.url.pathname} answers ${answer.status}${isHtml(answer) ? ", a web page" : ""}${
      target ? `, to ${formatUrl(target)}` : ""
    }`;
  });
  // The same with a slash at the end say nothing more.
  const shown = [...new Set(lines)].filter((line) => !/\/ answers/.test(line)).slice(0, 3);
  return shown.join("; ") || lines[0]!;
}

function compareIssuers(one: string, other: string): string {
  const [a, b] = [parseUrl(one), parseUrl(other)];
  if (!a || !b) return "it isn't a URL";
  if (isSameIssuer(one, other)) return "they differ in a slash";
  if (one.toLowerCase() === other.toLowerCase()) return "they differ in capital letters";
  if (a.host === b.host && a.protocol !== b.protocol) return "one is https:, the other http:";
  if (a.hostname !== b.hostname) return "they differ in the host";
  if (a.port !== b.port) return "they differ in the port";
  return a.pathname.replace(/\/+/g, "/").replace(/\/$/, "") === b.pathname.replace(/\/+/g, "/").replace(/\/$/, "")
    ? "they differ in a slash"
    : "they differ in the path";
}

/** Looks for metadata at the issuer's parents, and where it redirects to. */
async function findElsewhere(
  examination: Examination,
  asked: string,
  answers: readonly Exchange[],
): Promise<{ issuer: string; place: string } | undefined> {
  const base = new URL(asked.replace(/\/\.well-known\/.*/, ""));
  const redirects = answers.flatMap(({ url, status, headers }) => {
    const location = status >= 300 && status < 400 ? headers.get("location") : undefined;
    return location ? parseUrl(location, url.href)?.href ?? [] : [];
  });
  const places = [...redirects.slice(0, 2), ...listParents(base).flatMap(listMetadataUrls)].slice(0, 10);
  const found = await lookAt(examination, places.filter((place) => !answers.some(({ url }) => url.href === place)));
  if (found) return { issuer: found.metadata.issuer, place: found.place };
  // Another origin, which may not be reachable from here as yet.
  const [place] = redirects;
  const issuer = place && readIssuer(new URL(place));
  return issuer && !isSameIssuer(issuer, asked) ? { issuer, place } : undefined;
}

/** A URL's folders, the longest first, then its origin, each without a slash at the end. */
export function listParents({ origin, pathname }: URL): string[] {
  const parts = pathname.split("/").filter(Boolean);
  return [...parts.keys(), parts.length].reverse().map((count) => [origin, ...parts.slice(0, count)].join("/"));
}

/** The first of these places with metadata. */
export async function lookAt(
  examination: Examination,
  places: readonly string[],
): Promise<{ metadata: AuthorizationServerMetadata; place: string } | undefined> {
  const headers = { accept: "application/json" };
  const looks = places.map(async (place) => {
    const answer = await examination.send(place, { headers }).catch(() => undefined);
    const metadata = answer && readMetadata(answer);
    return metadata && { metadata, place };
  });
  return (await Promise.all(looks)).find((found) => found !== undefined);
}

function readIssuerField({ status, text }: Exchange): string | undefined {
  const issuer = status === 200 ? parseJsonObject(text)?.issuer : undefined;
  return typeof issuer === "string" ? issuer : undefined;
}

/** The issuer whose metadata is looked for at a URL, without a slash at the end. */
function readIssuer({ origin, pathname }: URL): string | undefined {
  const [, before, after] =
    /^(.*?)\/\.well-known\/(?:oauth-authorization-server|openid-configuration)(.*)$/.exec(pathname) ?? [];
  return before === undefined ? undefined : `${origin}${before || after || ""}`.replace(/\/$/, "");
}

function show(examination: Examination, issuer: string): string {
  return examination.redact(issuer).slice(0, 200);
}
