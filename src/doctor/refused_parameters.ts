/**
 * Finds out which parameter a token endpoint refuses, or misses: scopes, the audience, a resource.
 *
 * @module
 */

import type { Examination, Finding, TokenAttempt } from "./examination.ts";
import { nameSetting } from "./name_setting.ts";
import { findTokenEndpoint, suggestTokenEndpoint } from "./targets.ts";
import { type RefusedRequest, tryWith } from "./token_attempts.ts";
import { describeRefusal } from "./token_refusal.ts";

const name = "token request";

/** Scopes that are refused; without them a token may be issued. */
export async function explainScope(request: RefusedRequest, refusal: string): Promise<Finding> {
  const { examination } = request;
  const { options, facts: { settings, metadata } } = examination;
  const asked = options.scopes ?? settings?.scopes ?? [];
  const rest = describeRest(await tryWith(request, { scopes: [] }), "scopes", examination);
  const unknown = asked.filter((scope) => !(metadata?.scopes_supported ?? asked).includes(scope));
  const supported = metadata?.scopes_supported?.slice(0, 12).join(" ");
  const seen = `The server refuses the scopes "${asked.join(" ")}": ${refusal}.${rest}` +
    (unknown.length ? ` It doesn't advertise ${unknown.join(" ")}, but ${supported}.` : "");
  // Entra ID: all that the client was given at the API.
  const isDefault = refusal.includes("/.default") && !asked.some((scope) => scope.endsWith("/.default"));
  const option = examination.nameOption("scopes");
  const joined = asked.find((scope) => scope.includes(","));
  const change = joined
    ? `Write each scope as an element of its own: ${examination.nameOption("scopes")}: ${
      JSON.stringify(asked.flatMap((scope) => scope.split(",")))
    }, without commas in them.`
    : isDefault
    ? `Set ${
      nameSetting(examination.nameOption, "scopes", ["api://…/.default"])
    }: the API's application ID URI, then /.default.`
    : `${
      unknown.length === 0
        ? `Correct ${option}`
        : unknown.length < asked.length
        ? `Remove ${unknown.join(" ")} from ${option}`
        : `Set ${option} to those of ${supported} that the API wants`
    }, or have the server allow this client ${JSON.stringify((unknown.length ? unknown : asked).join(" "))}.`;
  return { name, status: "failed", code: "invalid_scope", seen, change };
}

/** An audience or resource that is refused. */
export async function explainTarget(request: RefusedRequest, refusal: string): Promise<Finding> {
  const { examination } = request;
  const { options, facts: { settings } } = examination;
  const { audience = settings?.audience, resource = settings?.resource } = options;
  const named = [
    ...audience ? [`audience "${audience}"`] : [],
    ...[resource ?? []].flat().map((each) => `resource "${each}"`),
  ].join(", ");
  const again = await tryWith(request, { audience: "", resource: [] });
  const rest = describeRest(again, "audience and resource", examination);
  const seen = `The server refuses the ${named}: ${refusal}.${rest}`;
  const change =
    `Write ${examination.nameOption(audience ? "audience" : "resource")} exactly as the API is registered ` +
    "at the server (scheme, slash at the end), and have the server allow this client to use it.";
  return { name, status: "failed", code: "invalid_target", seen, change };
}

/** A parameter that is wanted: which, by the answer's words and what isn't sent. */
export function explainMissing({ examination, attempt }: RefusedRequest, refusal: string): Finding {
  const { error_description: description = "" } = Object(attempt.error);
  const text = `${description} ${attempt.exchanges.at(-1)?.text} ${Object(attempt.error).error}`;
  const { options, facts: { settings } } = examination;
  const { scopes = settings?.scopes, audience = settings?.audience, resource = settings?.resource } = options;
  const isSent = { scope: scopes?.length, audience, resource };
  const absent = (["audience", "resource", "scope"] as const).filter((each) => !isSent[each] && text.includes(each));
  const missing = absent.find((each) => new RegExp(`['"\`]${each}['"\`]|^${each}|_${each}`).test(text)) ?? absent[0];
  const option = missing === "scope" ? "scopes" : missing ?? "parameters";
  const suggestion = missing ? undefined : suggestTokenEndpoint(examination, findTokenEndpoint(examination)!);
  if (suggestion) {
    const seen = `This is another endpoint of the server than that for tokens: ${refusal}.`;
    return { name, status: "failed", code: "token_endpoint_not_found", seen, change: suggestion };
  }
  const seen = `The server wants ${missing ? `a ${missing}` : "another parameter"}: ${refusal}.`;
  const value = { scopes: '["…"]', audience: '"…"', resource: '"https://…"', parameters: "{ … }" }[option];
  const change = `Set ${examination.nameOption(option)}: ${value}, as the server's or the API's documentation has it.`;
  return { name, status: "failed", code: "parameter_missing", seen, change };
}

function describeRest(attempt: TokenAttempt | undefined, what: string, examination: Examination): string {
  if (!attempt) return "";
  return attempt.credentials
    ? ` Without ${what} it issues a token: all else is fine.`
    : ` Without ${what} it answers ${describeRefusal(attempt, examination)}.`;
}
