/**
 * The token endpoint's door: what it answers to a request that names no client.
 *
 * @module
 */

import { parseUrl } from "../../arguments.ts";
import { parseJsonObject } from "../../http/json.ts";
import { readRetryAfter } from "../../http/retry_after.ts";
import { formatUrl } from "../../token_endpoint/exchange.ts";
import { isHtml } from "../discovery_answers.ts";
import type { Examination, Exchange, Finding, Step } from "../examination.ts";
import { describeFailure } from "../failure_advice.ts";
import { classifyFailure, type NetworkFailure } from "../network_failure.ts";
import { reach } from "../reach.ts";
import { findTokenEndpoint, suggestTokenEndpoint } from "../targets.ts";

const name = "token endpoint";

/** Reads the answer to a token request without credentials. */
export const tokenEndpoint: Step = {
  name,
  needs: ["token endpoint"],
  patience: 2,
  async run(examination) {
    const url = findTokenEndpoint(examination)!;
    const { answer, error } = await reach(examination, { role: name, url });
    const target = { role: name, url };
    const failure = error && classifyFailure(error, url.hostname);
    // The first step has said it.
    if (failure?.code === "invalid_option") return [];
    const certificate = answer && findCertificateDemand(answer);
    const finding = certificate
      ? await describeFailure(name, target, certificate, examination)
      : answer
      ? readAnswer(answer, examination)
      : await describeFailure(name, target, failure!, examination);
    if (finding.status === "failed") {
      examination.facts.noTokenRequest ??= "Not made: the token endpoint doesn't take token requests.";
    }
    return answer ? [finding, ...readClock(answer, examination)] : [finding];
  },
};

/** Whether a gateway wants a client certificate: nginx and others say so after the handshake, by a page. */
function findCertificateDemand(answer: Exchange): NetworkFailure | undefined {
  const { status, text } = answer;
  const words = /No required SSL certificate|SSL certificate error|client certificate/i.exec(text)?.[0];
  if (!words || ![400, 403, 495, 496].includes(status) || parseJsonObject(text)) return undefined;
  return { code: "client_certificate_required", state: `a gateway answers ${status}, "${words}"` };
}

/** Says what an answer tells of the endpoint. */
function readAnswer(answer: Exchange, examination: Examination): Finding {
  const { url, status, headers, text } = answer;
  const { nameOption } = examination;
  const option = nameOption("tokenEndpoint");
  const place = formatUrl(url);
  const failed = (code: Finding["code"], seen: string, change: string): Finding => ({
    name,
    status: "failed",
    code,
    seen,
    change,
  });
  const location = status >= 300 && status < 400 ? parseUrl(headers.get("location") ?? "", url.href) : undefined;
  if (status >= 300 && status < 400 || status === 0) return explainRedirect(answer, location, examination);
  // An OAuth error in JSON is the endpoint's own, whatever the status.
  const { error, access_token } = parseJsonObject(text) ?? {};
  const said = typeof error === "string" ? ` (${examination.redact(error).slice(0, 60)})` : "";
  if (status === 429) {
    const wait = readRetryAfter(answer, answer.receivedAt);
    const time = wait === undefined ? "" : ` ${Math.ceil(wait / 1000)} s`;
    return failed(
      "rate_limited",
      `${place} limits requests (429)${time && `, and asks to wait${time}`}.`,
      `Wait${time}, and request fewer tokens: by one authenticator for all calls, and a ${
        nameOption("tokenStore")
      } for all processes.`,
    );
  }
  if (isHtml(answer) && status >= 200 && status < 300) {
    return failed(
      "token_endpoint_is_html",
      `${place} answers ${status} with a web page: a console or a sign-in, not a token endpoint.`,
      suggestTokenEndpoint(examination, url) ?? `Set ${option} to the server's token endpoint.`,
    );
  }
  // Some servers say so that a client is unknown.
  const isOfClient = status === 404 && /client|grant|invalid|unauthorized|denied|other_error/i.test(said);
  if ([404, 405, 410, 501].includes(status) && !isOfClient) {
    return failed(
      "token_endpoint_not_found",
      `${place} answers ${status}${isHtml(answer) ? ", a web page" : ""}: no token endpoint is there.`,
      suggestTokenEndpoint(examination, url) ?? `Check the path of ${option}: the server's documentation names it.`,
    );
  }
  if (status >= 500) {
    return {
      name,
      status: "warned",
      code: "token_endpoint_failed",
      seen: `${place} answers ${status} to a request without credentials${said}.`,
      change: "If it does so with credentials as well, ask the server's operator.",
    };
  }
  const challenge = headers.get("www-authenticate")?.split(/[\s,]/)[0];
  const kind = isHtml(answer) ? " by a web page (a gateway's, perhaps)" : "";
  return {
    name,
    status: "passed",
    seen: `${place} answers ${status}${said}${kind} to a request without credentials${
      challenge ? `, and asks for ${examination.redact(challenge)}` : ""
    }${access_token ? ": a token, without any credentials" : ""}.`,
  };
}

function explainRedirect(answer: Exchange, location: URL | undefined, examination: Examination): Finding {
  const { url, status } = answer;
  const option = examination.nameOption("tokenEndpoint");
  const target = location && formatUrl(location);
  const isSignIn = location && /log-?in|sign-?in|sso|authorize/i.test(location.pathname);
  const suggestion = suggestTokenEndpoint(examination, url);
  return {
    name,
    status: "failed",
    code: "token_endpoint_redirects",
    seen: `${formatUrl(url)} redirects (${status})${target ? ` to ${target}` : ""}, where no secret is sent${
      isSignIn ? "; that seems to be a sign-in page" : ""
    }.`,
    change: suggestion ??
      (target && !isSignIn
        ? `Set ${option} to "${target}", if that server is the right one.`
        : `Check ${option}: the server's documentation names it.`),
  };
}

/** What `Date` says of this machine's clock. */
function readClock({ headers, receivedAt, duration }: Exchange, examination: Examination): Finding[] {
  const { options, facts } = examination;
  const date = Date.parse(headers.get("date") ?? "");
  if (Number.isNaN(date)) return [];
  // A `Date` has whole seconds, rounded down, and was written while the request was under way.
  const offset = Math.round(receivedAt - duration / 2 - (date + 500));
  facts.clockOffset = offset;
  const seconds = Math.round(Math.abs(offset) / 1000);
  const direction = offset > 0 ? "ahead of" : "behind";
  const isSigned = options.dpop !== undefined || /jwt|assertion/.test(options.clientAuth?.method ?? "");
  const isOff = seconds > (isSigned ? 5 : 60);
  const seen = seconds <= 1
    ? "This machine's and the server's agree, to the second."
    : `This machine's clock is ${seconds.toLocaleString("en")} seconds ${direction} the server's, by its Date header.`;
  if (!isOff) return [{ name: "clock", status: "passed", seen }];
  return [{
    name: "clock",
    status: "warned",
    code: offset > 0 ? "clock_ahead" : "clock_behind",
    seen,
    change: `Synchronize this machine's clock (NTP).${
      isSigned ? " Until then each server refuses one request: what it refuses is signed again by its own clock." : ""
    }`,
  }];
}
