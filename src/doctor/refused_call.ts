/**
 * Says why an API's answer isn't what the caller wants, where the token isn't rejected.
 *
 * @module
 */

import { parseUrl } from "../arguments.ts";
import { readRetryAfter } from "../http/retry_after.ts";
import { formatUrl } from "../token_endpoint/exchange.ts";
import { type ApiVerdict, describeAnswer, isSameAnswer, isSignIn, readWantedScopes } from "./api_answer.ts";
import type { ApiCall } from "./api_call.ts";
import { explainCertificateDemand } from "./client_certificate.ts";
import type { Examination, Exchange, Finding } from "./examination.ts";
import { listGatewaysBeyond } from "./header_limits.ts";
import { nameSetting } from "./name_setting.ts";
import { findApiUrl } from "./targets.ts";
import type { TokenDoubt } from "./token_doubts.ts";

/** A call that was refused. */
export interface RefusedCall {
  readonly examination: Examination;
  readonly call: ApiCall;
  readonly answer: Exchange;
  readonly bare: Exchange | undefined;
  readonly doubts: readonly TokenDoubt[];
  readonly headerLength: number;
  /** The scopes that were asked for and not granted. */
  readonly missingScopes: readonly string[];
}

type Explain = (call: RefusedCall, said: string) => Omit<Finding, "name">;

/** Says why. `undefined` for a verdict that is explained elsewhere. */
export function explainRefusedCall(verdict: ApiVerdict, call: RefusedCall): Finding | undefined {
  const explain = explanations[verdict];
  return explain && { name: "API call", ...explain(call, describeAnswer(call.answer, call.examination)) };
}

const explanations: Partial<Record<ApiVerdict, Explain>> = {
  scope({ examination, answer, missingScopes }, said) {
    const wanted = readWantedScopes(answer) ?? [];
    const { options, facts: { settings, issued } } = examination;
    const asked = options.scopes ?? settings?.scopes ?? [];
    const option = examination.nameOption("scopes");
    const refused = missingScopes.filter((scope) => wanted.length === 0 || wanted.includes(scope));
    const has = issued!.credentials.scope ? ` The token has "${issued!.credentials.scope}".` : "";
    const wants = wanted.length ? ` It wants "${wanted.join(" ")}".` : "";
    const seen = `The API takes the token, and wants more scopes: ${said}.${wants}${has}`;
    if (refused.length > 0) {
      const change = `Have the server allow this client "${
        refused.join(" ")
      }": ${option} asks for it, and it isn't granted.`;
      return { status: "failed", code: "scope_narrowed", seen, change };
    }
    const isMisspelt = (scope: string) => wanted.some((each) => each.toLowerCase() === scope.toLowerCase());
    const all = [...asked.filter((scope) => !isMisspelt(scope)), ...wanted.length ? wanted : ["…"]];
    return {
      status: "failed",
      code: "api_wants_scope",
      seen,
      change: `Set ${nameSetting(examination.nameOption, "scopes", all)}.`,
    };
  },

  forbidden({ examination, answer, bare, missingScopes, doubts }, said) {
    const seen = `The API forbids the call: ${said}.`;
    if (bare && isSameAnswer(answer, bare)) {
      const change =
        "Look for what stands before the API: a firewall, a list of addresses, a key of its own that it wants in " +
        "another header, a path that isn't public.";
      const more = "It does so without a token as well: the token isn't the reason.";
      return { status: "failed", code: "api_forbids", seen: `${seen} ${more}`, change };
    }
    if (missingScopes.length > 0) {
      const scopes = missingScopes.join(" ");
      const more = `Most likely for want of "${scopes}", which was asked for and isn't granted.`;
      const change = `Have the server allow this client "${scopes}" (${examination.nameOption("scopes")}).`;
      return { status: "failed", code: "scope_narrowed", seen: `${seen} ${more}`, change };
    }
    const hint = doubts.find(({ code }) => code === "audience_mismatch");
    return {
      status: "failed",
      code: "api_forbids",
      seen: `${seen} It takes the token itself.${hint ? ` ${hint.seen}` : ""}`,
      change: `Give the client the permission at the API (a role, a group, a subscription), or ask for more ${
        examination.nameOption("scopes")
      }.`,
    };
  },

  header({ examination, headerLength, bare }, said) {
    const gateways = listGatewaysBeyond(headerLength);
    const more = gateways.length ? `, more than the default of ${gateways.join(", ")}` : "";
    const seen = `The API's gateway refuses the request with the token (${said}${
      bare ? `; without it: ${bare.status}` : ""
    }): its header takes ${headerLength.toLocaleString("en")} bytes${more}.`;
    const change =
      `Ask for fewer ${examination.nameOption("scopes")}, have the server put fewer claims (groups, roles) into ` +
      "the token, or raise the gateway's limit (nginx: large_client_header_buffers 4 32k).";
    return { status: "failed", code: "api_header_too_large", seen, change };
  },

  certificate: ({ examination }, refusal) => explainCertificateDemand(examination, { from: "API", refusal }),

  "not found"({ examination, answer, bare }, said) {
    const url = findApiUrl(examination)!;
    const { options: { request }, facts: { settings, metadata } } = examination;
    // A client without an API has the server itself for its endpoint.
    const isServer = [settings?.tokenEndpoint, settings?.issuer ?? metadata?.issuer]
      .some((each) => parseUrl(each ?? "")?.href === url.href);
    const isRoot = request === undefined && (url.pathname === "/" || isServer);
    const takes = bare && !isSameAnswer(answer, bare) && /^40[13]$/.test(String(bare.status));
    const seen = `${formatUrl(url)} answers ${said}${
      takes ? ` with the token, and ${bare.status} without: the token is accepted` : ", with and without a token"
    }.`;
    const gateway = answer.status === 403
      ? " Amazon API Gateway says so where it has no such path, stage or method."
      : "";
    const change = isRoot
      ? `Name a path of the API by ${examination.nameOption("request")}, to have the token tried.`
      : `Correct the path in ${examination.nameOption("endpoint")} or ${examination.nameOption("request")}.`;
    return { status: isRoot || takes ? "warned" : "failed", code: "api_not_found", seen: seen + gateway, change };
  },

  page({ examination, call, answer, bare }, said) {
    const { url } = answer;
    const asksToSignIn = isSignIn(answer);
    const isLanding = !asksToSignIn && examination.options.request === undefined && bare?.status === answer.status;
    const seen = `A web page${asksToSignIn ? " that asks to sign in" : ""} answers in place of the API: ${said}${
      call.hops.length > 1 ? `, at ${formatUrl(url)} after a redirect` : ""
    }.`;
    const change = isLanding
      ? `Name a path of the API by ${examination.nameOption("request")}, to have the token tried.`
      : `Correct ${examination.nameOption("endpoint")} (and ${
        examination.nameOption("request")
      }): this is a site for people, or a sign-in stands before the API, which machines have another host or path for.`;
    return { status: isLanding ? "warned" : "failed", code: "api_is_html", seen, change };
  },

  redirect({ answer }, said) {
    const seen = `The API redirects, to nowhere: ${said}, ${
      answer.headers.has("location") ? "Location can't be used" : "no Location"
    }.`;
    return { status: "failed", code: "api_redirects", seen, change: "Ask the API's operator for its final URL." };
  },

  limited({ answer }, said) {
    const wait = readRetryAfter(answer, answer.receivedAt);
    const seconds = wait === undefined ? "later" : `in ${Math.ceil(wait / 1_000)} s`;
    const seen = `The API limits requests: ${said}.`;
    return { status: "failed", code: "rate_limited", seen, change: `Try again ${seconds}, and call it less often.` };
  },

  failed({ bare }, said) {
    const isTokens = bare !== undefined && bare.status < 500;
    const seen = `The API fails: ${said}${
      isTokens ? `; without a token it answers ${bare.status}` : ", with and without a token"
    }.`;
    const change = isTokens
      ? "It fails while it checks the token, or after: its log says more (it can't get the server's keys, perhaps)."
      : "This is for the API's operator: its log, or that of the gateway before it, says more.";
    return { status: "failed", code: "api_failed", seen, change };
  },

  unclear({ examination }, said) {
    const seen = `The API answers ${said}, with and without a token: that says nothing of the token.`;
    const change = `Name a path that takes GET, and needs a token, by ${examination.nameOption("request")}.`;
    return { status: "warned", seen, change };
  },

  accepted({ examination, answer, bare }, said) {
    if (!bare || bare.status !== answer.status) {
      const without = bare ? `, and ${describeAnswer(bare, examination)} without` : "";
      return { status: "passed", seen: `The API accepts the token: ${said} with it${without}.` };
    }
    const seen = `The API answers ${said} with and without a token: it doesn't look at it here.`;
    const change = `Name a path that needs a token by ${examination.nameOption("request")}, to have it tried.`;
    return { status: "warned", code: "api_needs_no_token", seen, change };
  },
};
