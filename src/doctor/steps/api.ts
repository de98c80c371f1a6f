/**
 * The API: what it answers without a token, and what it answers with the one that was issued.
 *
 * @module
 */

import { formatUrl } from "../../token_endpoint/exchange.ts";
import { classifyApiAnswer, describeAnswer, readChallenges } from "../api_answer.ts";
import { callApi } from "../api_call.ts";
import type { Examination, Exchange, Finding, Step } from "../examination.ts";
import { describeFailure } from "../failure_advice.ts";
import { explainLeavingRedirect, explainLostPath } from "../lost_call.ts";
import { dpopValue, nameSetting } from "../name_setting.ts";
import { classifyFailure } from "../network_failure.ts";
import { explainRefusedCall, type RefusedCall } from "../refused_call.ts";
import { explainRejectedToken } from "../rejected_token.ts";
import { findApiUrl } from "../targets.ts";
import { readTokenContext } from "../token_context.ts";
import { listTokenDoubts } from "../token_doubts.ts";
import { doubtScopes, findMissingScopes } from "./granted_scopes.ts";

/** Calls the API. */
export const api: Step = {
  name: "API call",
  needs: ["API"],
  // Some ten requests, where the API rejects the token.
  patience: 5,
  async run(examination) {
    const url = findApiUrl(examination)!;
    const { facts } = examination;
    let bare: Exchange;
    try {
      bare = await examination.send(url, { headers: { accept: "*/*" } });
    } catch (error) {
      examination.signal.throwIfAborted();
      // The first step has said it.
      if (Object(error).code === "invalid_config") return [];
      return [await explainFailure(examination, "API reachability", error)];
    }
    const without = describeBare(examination, bare);
    if (!facts.issued) return [without];
    const foreign = explainForeignRequest(examination, url);
    if (foreign) return [without, foreign];
    const call = await callApi(examination);
    const leaving = explainLeavingRedirect(examination, call);
    if (leaving) return [without, leaving];
    const { answer } = call;
    const context = await readTokenContext(examination);
    const { headerLength } = context;
    if (!answer) return [without, await explainFailure(examination, "API call", call.error, headerLength)];
    const lost = await explainLostPath(examination, call);
    if (lost) return [without, lost];
    const verdict = classifyApiAnswer(answer, { bare, headerLength, isRejected: call.isRejected });
    const missingScopes = findMissingScopes(examination);
    const doubts = [
      ...listTokenDoubts(context, examination.nameOption),
      // Some APIs answer 401 to these as well.
      ...missingScopes.length > 0 ? [doubtScopes(missingScopes, examination)] : [],
    ];
    if (verdict === "rejected" || verdict === "proxy login") {
      return [without, await explainRejectedToken({ examination, answer, bare, doubts })];
    }
    facts.isTokenAccepted = verdict === "accepted" && bare.status !== answer.status;
    const refused: RefusedCall = { examination, call, answer, bare, doubts, headerLength, missingScopes };
    const finding = explainRefusedCall(verdict, refused)!;
    // It names both answers.
    return finding.status === "passed" ? [finding] : [without, finding];
  },
};

function describeBare(examination: Examination, bare: Exchange): Finding {
  const schemes = readChallenges(bare).map(({ scheme }) => scheme);
  const wantsDpop = schemes.includes("dpop") && !schemes.includes("bearer") && !examination.options.dpop;
  const seen = `${formatUrl(bare.url)} answers ${describeAnswer(bare, examination)} without a token.`;
  const name = "API reachability";
  if (!wantsDpop) return { name, status: "passed", seen };
  const change = `Set ${nameSetting(examination.nameOption, "dpop", dpopValue)}.`;
  return { name, status: "warned", code: "dpop_required", seen: `${seen} It wants DPoP.`, change };
}

/** A request to another origin goes without the token. */
function explainForeignRequest(examination: Examination, url: URL): Finding | undefined {
  const { endpoint, allowedOrigins = [] } = examination.options;
  if ([endpoint, ...allowedOrigins].some((each) => new URL(each).origin === url.origin)) return undefined;
  return {
    name: "API call",
    status: "failed",
    code: "invalid_option",
    seen: `${url.origin} isn't the origin of ${examination.nameOption("endpoint")} (${
      new URL(endpoint).origin
    }): requests to it carry no token.`,
    change: `Set ${examination.nameOption("endpoint")} to ${url.origin}, or ${
      nameSetting(examination.nameOption, "allowedOrigins", [url.origin])
    }.`,
  };
}

/** Says why no answer came; steps before have looked at names, connections and certificates. */
async function explainFailure(
  examination: Examination,
  name: string,
  error: unknown,
  headerLength = 0,
): Promise<Finding> {
  const url = findApiUrl(examination)!;
  const failure = classifyFailure(error, url.hostname);
  if (/redirects: too many/.test(String(error))) {
    const seen = `${formatUrl(url)} redirects again and again, and comes to no answer.`;
    const change = `Correct ${examination.nameOption("endpoint")} or ${
      examination.nameOption("request")
    }; if it is right, this is for the API's operator.`;
    return { name, status: "failed", code: "api_redirects", seen, change };
  }
  const finding = { ...await describeFailure(name, { role: "API", url }, failure, examination), name };
  if (headerLength < 8_000 || failure.code !== "connection_closed") return finding;
  const bytes = headerLength.toLocaleString("en");
  const seen =
    `The API, or a gateway before it, ends the connection of a request with the token: its header takes ${bytes} bytes.`;
  const change = `Ask for fewer ${examination.nameOption("scopes")} or claims, or have the gateway's limit raised.`;
  return { ...finding, code: "api_header_too_large", seen, change };
}
