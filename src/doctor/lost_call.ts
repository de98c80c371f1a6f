/**
 * Finds out whether a call goes elsewhere than the caller means: the endpoint's path is lost, or a redirect leaves the API.
 *
 * @module
 */

import { isRedirect } from "../api_call/redirects.ts";
import { parseUrl } from "../arguments.ts";
import { rootMessage } from "../http/network_errors.ts";
import { formatUrl } from "../token_endpoint/exchange.ts";
import { describeAnswer, isSignIn } from "./api_answer.ts";
import { type ApiCall, callApi } from "./api_call.ts";
import { isHtml } from "./discovery_answers.ts";
import type { Examination, Exchange, Finding } from "./examination.ts";
import { nameSetting } from "./name_setting.ts";

const name = "API call";

/** The URL that the caller may mean, where `request` replaces the path of `endpoint`. */
export function joinLostPath(endpoint: string | URL, request: string | URL | undefined): URL | undefined {
  const text = request === undefined ? "" : String(request);
  if (request === undefined || /^\w+:|^\/\//.test(text)) return undefined;
  const base = new URL(endpoint);
  if (base.pathname === "/") return undefined;
  const folder = new URL(base);
  folder.pathname = base.pathname.replace(/\/*$/, "/");
  const joined = new URL(text.replace(/^\/+/, ""), folder);
  return joined.href === new URL(text, base).href || new URL(text, base).href.startsWith(folder.href)
    ? undefined
    : joined;
}

/** Says that the endpoint's path is lost, where that is so and matters. */
export async function explainLostPath(
  examination: Examination,
  { answer }: ApiCall,
): Promise<Finding | undefined> {
  const { endpoint, request } = examination.options;
  const joined = joinLostPath(endpoint, request);
  if (!joined || !answer) return undefined;
  const isFine = answer.status < 300 && !isHtml(answer);
  const { answer: other } = await callApi(examination, { input: joined.href });
  const isBetter = other !== undefined && other.status !== 404 && (other.status < 300 || answer.status === 404);
  if (isFine || !isBetter) return undefined;
  const { url } = answer;
  const base = new URL(endpoint);
  const fixed = base.origin + base.pathname.replace(/\/*$/, "/");
  const seen = `The path of ${examination.nameOption("endpoint")} is lost: ${formatUrl(url)} answers ${
    describeAnswer(answer, examination)
  }, and ${formatUrl(joined)} ${other.status}.`;
  const change = `Write ${examination.nameOption("endpoint")} with a slash at its end, ${fixed}, and inputs of fetch (${
    examination.nameOption("request")
  }) without one at their start: ${String(request).replace(/^\/+/, "")}.`;
  return { name, status: "failed", code: "endpoint_path_lost", seen, change };
}

/** Says that a redirect leaves the API, where the token doesn't go. */
export function explainLeavingRedirect(examination: Examination, call: ApiCall): Finding | undefined {
  const { endpoint, allowedOrigins = [] } = examination.options;
  const origins = [endpoint, ...allowedOrigins].map((url) => new URL(url).origin);
  const targets = call.hops.map((hop) => ({ hop, target: findTarget(hop) }));
  const leaving = targets.find(({ target }) => target && !origins.includes(target.origin));
  if (!leaving?.target) return undefined;
  const { hop: { status, url }, target } = leaving;
  const { answer, error } = call;
  const outcome = answer
    ? `${describeAnswer(answer, examination)}${
      isHtml(answer) && isSignIn(answer) ? ", a page that asks to sign in" : ""
    }`
    : `nothing (${examination.redact(rootMessage(error))})`;
  const isFine = answer !== undefined && answer.status < 300 && !isHtml(answer);
  const place = formatUrl(target);
  const seen = `${formatUrl(url)} redirects (${status}) to ${place}, another origin, where the token doesn't go: ` +
    `it answers ${outcome}.`;
  const isSameHost = target.hostname === url.hostname;
  const change = isSameHost && target.protocol === "https:" && url.protocol === "http:"
    ? `Set ${examination.nameOption("endpoint")} to ${target.origin + new URL(endpoint).pathname}.`
    : isSameHost && target.protocol === "http:" && url.protocol === "https:"
    ? `Call ${target.pathname} at once (${examination.nameOption("request")}), and have the API redirect to https:.`
    : isSignIn({ text: place }) || answer && isHtml(answer)
    ? `Call the API where it takes tokens: this ${
      examination.nameOption("endpoint")
    } is for people, who are sent to a sign-in page.`
    : `Set ${examination.nameOption("endpoint")} to ${target.origin}, or if that host may have the token, ${
      nameSetting(examination.nameOption, "allowedOrigins", [target.origin])
    }.`;
  return { name, status: isFine ? "warned" : "failed", code: "api_redirects", seen, change };
}

function findTarget(hop: Exchange): URL | undefined {
  const location = isRedirect(hop) ? hop.headers.get("location") : null;
  return location === null ? undefined : parseUrl(location, hop.url.href);
}
