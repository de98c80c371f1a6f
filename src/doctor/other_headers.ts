/**
 * Finds out whether an API wants the token in another header, or by another scheme.
 *
 * @module
 */

import { describeAnswer, isSameAnswer, readChallenges } from "./api_answer.ts";
import { type ApiCallChanges, callApi } from "./api_call.ts";
import type { Examination, Exchange, Finding } from "./examination.ts";
import { nameSetting } from "./name_setting.ts";

/** A token that an API doesn't see, perhaps. */
export interface UnseenToken {
  readonly examination: Examination;
  /** The API's answer to a call with the token, and to one without. */
  readonly answer: Exchange;
  readonly bare: Exchange | undefined;
}

/** Headers that APIs want tokens in, besides `authorization`. */
const usualHeaders = ["flyte-authorization", "proxy-authorization", "x-access-token", "x-auth-token"];
/** Schemes that aren't for access tokens. */
const otherSchemes = /^(basic|digest|negotiate|ntlm|hoba|mutual|vapid|scram-.*|aws4-.*)$/;
/** Schemes that are. */
export const tokenSchemes = /^(bearer|dpop)$/;

interface Candidate {
  readonly what: string;
  readonly change: string;
  readonly call: ApiCallChanges;
}

/** Sends the token in other headers, or by another scheme: those that the answer names, else those that are usual. */
export async function tryOtherHeaders({ examination, answer, bare }: UnseenToken): Promise<Finding | undefined> {
  const own = readHeaderKey(examination);
  for (const { what, change, call } of listCandidates(examination, answer, bare)) {
    const { answer: again } = await callApi(examination, call);
    if (
      !again || again.status === 401 || again.status === answer.status || again.status === 407 || again.status >= 500 ||
      again.status === 400
    ) continue;
    examination.facts.working = { ...examination.facts.working, ...call };
    const seen = `The API doesn't see the token in ${own} (${
      describeAnswer(answer, examination)
    }), and takes it ${what}.`;
    return { name: "API call", status: "failed", code: "api_wants_header", seen, change };
  }
  return undefined;
}

function listCandidates(examination: Examination, answer: Exchange, bare: Exchange | undefined): Candidate[] {
  const { options, facts: { settings, issued }, nameOption } = examination;
  const own = readHeaderKey(examination);
  const text = `${answer.headers.get("www-authenticate")} ${answer.text.slice(0, 4_096)}`;
  const named = text.match(/\b(x-[\w-]+|[a-z]+-authorization)\b/gi) ?? [];
  const headers = [
    ...answer.status === 407 ? ["proxy-authorization"] : [],
    ...named.map((each) => each.toLowerCase()),
    settings?.headerKey?.toLowerCase() ?? "",
    ...own !== "authorization" ? ["authorization"] : [],
    // What is answered as if there were no token may look for it elsewhere.
    ...bare && isSameAnswer(answer, bare) && !/error=/.test(text) ? usualHeaders : [],
  ];
  const scheme = readChallenges(answer).map(({ scheme }) => scheme)
    .find((each) => !otherSchemes.test(each) && !tokenSchemes.test(each) && /^[a-z][a-z-]*$/.test(each));
  const { accessToken } = issued!.credentials;
  const [, written = scheme] = new RegExp(`(?:^|,\\s*)(${scheme})\\b`, "i").exec(text) ?? [];
  return [
    ...[...new Set(headers)].filter((each) => each && each !== own).slice(0, 6).map((headerKey) => ({
      what: `in ${headerKey}`,
      change: `Set ${nameSetting(examination.nameOption, "headerKey", headerKey)}.`,
      call: { headerKey },
    })),
    ...options.authorization || options.tokenType
      ? [{
        what: "with the scheme Bearer",
        change: `Remove ${nameOption(options.authorization ? "authorization" : "tokenType")}.`,
        call: { authorization: () => `Bearer ${accessToken}` },
      }]
      : [],
    ...scheme
      ? [{
        what: `with the scheme ${written}`,
        change: `Set ${nameSetting(examination.nameOption, "tokenType", written!)}.`,
        call: { authorization: () => `${written} ${accessToken}` },
      }]
      : [],
  ];
}

/** The header that the token goes in. */
export function readHeaderKey({ options, facts: { settings, working } }: Examination): string {
  return (working?.headerKey ?? options.headerKey ?? settings?.headerKey ?? "authorization").toLowerCase();
}
