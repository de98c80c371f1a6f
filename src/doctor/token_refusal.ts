/**
 * Tells by a token endpoint's answer what it refuses.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { parseJsonObject } from "../http/json.ts";
import { isHtml } from "./discovery_answers.ts";
import type { Examination, TokenAttempt } from "./examination.ts";

/** What a token endpoint refuses, or what else kept a token from coming. */
export type RefusalKind =
  | "client"
  | "unclear"
  | "grant"
  | "denied"
  | "http"
  | "form"
  | "scope"
  | "target"
  | "missing"
  | "dpop required"
  | "dpop perhaps"
  | "dpop rejected"
  | "dpop nonce"
  | "certificate"
  | "limited"
  | "failed"
  | "not found"
  | "page"
  | "type"
  | "response"
  | "unanswered"
  | "other";

/** An answer, as far as it tells. */
export interface RefusalContext {
  /** The `code` of the library's error. */
  readonly code?: string | undefined;
  readonly status?: number | undefined;
  /** The OAuth error code. */
  readonly error?: string | undefined;
  /** The start of the answer's body. */
  readonly text: string;
  readonly isHtml: boolean;
  readonly usesDpop: boolean;
  /** What the request names: servers that miss one of them rarely say so plainly. */
  readonly hasScope: boolean;
  readonly hasTarget: boolean;
  /** Whether the answer quotes the audience or resource. */
  readonly namesTarget?: boolean | undefined;
}

const absent = /missing|required|must (be|have|include|contain|specify)|not (provided|specified|present|given)|empty/i;
const aboutClient =
  /client.?id|secret|(?<!client[_ ])credential|authenticat|assertion|(unknown|invalid) client(?!_)|signature/i;
const aboutGrant = /not (enabled|allowed|permitted|authori[sz]ed)|no authori[sz]ed|service account|grant.?type/i;
const aboutTarget = /audience|resource(?! server)|\bservice not found/i;
const isNot = "(not (found|registered|exist)|n't exist|unknown)";
const unknownClient = new RegExp(`\\b(client|app(lication)?)\\b.{0,80} ${isNot}`, "i");
const unknownServer = new RegExp(`\\b(tenant|realm|authorization ?server)\\b.{0,80} ${isNot}`, "i");

const isAboutClient = (text: string) => aboutClient.test(text) || unknownClient.test(text);

/** Tells what a token endpoint refuses (RFC 6749 §5.2, and what servers write in the field). */
export function classifyRefusal(context: RefusalContext): RefusalKind {
  const { code, status = 0, error = "", text, isHtml, usesDpop, hasScope, hasTarget, namesTarget } = context;
  if (code === "unsupported_token_type") return "type";
  if (code === "invalid_response") return isHtml ? "page" : "response";
  if (!/^token_(request_rejected|endpoint_error)$/.test(code ?? "")) return "unanswered";
  if (status === 429 || /^(slow_down|rate_?limit|too_many)/.test(error)) return "limited";
  if (error === "use_dpop_nonce") return usesDpop ? "dpop nonce" : "dpop required";
  if (/dpop/i.test(error + text)) return usesDpop ? "dpop rejected" : "dpop required";
  if (
    status < 500 &&
    /ssl certificate|client.certificate|certificate (is )?(required|missing)|mtls|mutual.tls/i.test(text)
  ) return "certificate";
  if (/https (is )?required|requires? https|plain HTTP request was sent to HTTPS/i.test(text)) return "http";
  const scopeKind = hasScope ? "scope" : "missing";
  const targetKind = hasTarget ? "target" : "missing";
  if (/^(unsupported_grant_type|authorization_type_invalid)$/.test(error)) {
    return /missing|required/i.test(text) ? "form" : "grant";
  }
  if (status === 415) return "form";
  if (status >= 500) return status === 501 ? "grant" : "failed";
  if (/^(temporarily_unavailable|server_error)$/.test(error)) return "failed";
  if (unknownServer.test(text)) return "not found";
  if (/scope/.test(error)) return scopeKind;
  // Some servers take the target from the scopes.
  if (/target|audience|resource/.test(error)) {
    return !hasTarget && hasScope && /not found/i.test(text) ? "scope" : targetKind;
  }
  // Keycloak and Auth0 say these of a wrong secret as well.
  if (/^(unauthorized_client|access_denied)$/.test(error)) {
    const isClient = !aboutGrant.test(text) && (status === 401 || isAboutClient(text));
    if (isClient) return "client";
    if (error === "unauthorized_client") return "grant";
    return aboutTarget.test(text) || namesTarget ? targetKind : aboutGrant.test(text) ? "grant" : "denied";
  }
  if (status === 401 || /client/.test(error)) return "client";
  if (/^invalid_(request|grant)$/.test(error)) {
    if (/grant.?type/i.test(text)) return absent.test(text) ? "form" : "grant";
    if (aboutTarget.test(text)) return absent.test(text) ? "missing" : targetKind;
    if (/\bscopes?\b/i.test(text)) return absent.test(text) ? "missing" : scopeKind;
    if (isAboutClient(text)) return "client";
    // What proves a client is refused by other codes; a proof of possession that is missing, by this one.
    if (error === "invalid_grant") return usesDpop ? "other" : "dpop perhaps";
    return absent.test(text) ? "missing" : "unclear";
  }
  if (/not_?found/.test(error)) return "not found";
  if (error) return status === 404 || isAboutClient(text) ? "client" : "other";
  if (isHtml) return "page";
  if (status === 404 || status === 405) return "not found";
  if (status === 400) return text.trim() === "" || isAboutClient(text) ? "client" : "unclear";
  if (status === 403) return text.trim() === "" || isAboutClient(text) ? "client" : "denied";
  return "other";
}

/** Classifies an attempt that got no token. */
export function classifyAttempt({ error, exchanges }: TokenAttempt, examination: Examination): RefusalKind {
  const { options, facts: { settings } } = examination;
  const last = exchanges.at(-1);
  const { code, status = last?.status, error: oauthError } = error instanceof AuthenticationError
    ? error
    : {} as Partial<AuthenticationError>;
  const text = last?.text ?? "";
  const { scopes = settings?.scopes, audience = settings?.audience, resource = settings?.resource } = options;
  const targets = [audience ?? [], resource ?? []].flat().map(String).filter(Boolean);
  return classifyRefusal({
    code,
    status,
    error: oauthError,
    text,
    isHtml: last ? isHtml(last) : false,
    usesDpop: options.dpop !== undefined,
    hasScope: (scopes?.length ?? 0) > 0,
    hasTarget: targets.length > 0,
    // JSON may have its slashes escaped.
    namesTarget: targets.some((target) => text.replaceAll("\\/", "/").includes(target)),
  });
}

/** Whether an attempt got past client authentication. */
export function isClientAccepted(attempt: TokenAttempt, examination: Examination): boolean {
  return attempt.credentials !== undefined ||
    /^(scope|target|missing|grant|dpop (required|rejected|nonce))$/.test(classifyAttempt(attempt, examination));
}

/** Whether a server says that it doesn't know the client at all. */
export function isUnknownClient(refusal: string): boolean {
  return unknownClient.test(refusal);
}

/** Says what came in place of a token, in a few words for a sentence: `401 invalid_client "No such client"`. */
export function describeRefusal({ error, exchanges }: TokenAttempt, { redact }: Redacting): string {
  const last = exchanges.at(-1);
  if (!(error instanceof AuthenticationError) || error.status === undefined || !last) {
    return redact(error?.message ?? "no answer");
  }
  const { status, error: oauthError, error_description: description } = error;
  // The library calls each 401 `invalid_client`, whatever the server says.
  const named = typeof parseJsonObject(last.text)?.error === "string" ? oauthError : undefined;
  const said = description ?? describeBody(last, { redact });
  return redact([status, named, said && `"${said}"`].filter(Boolean).join(" "));
}

type Redacting = Pick<Examination, "redact">;

/** The words of an answer that isn't OAuth's: a page's title, or a short text. */
export function describeBody(
  answer: { readonly headers: Headers; readonly text: string },
  { redact }: Redacting,
): string | undefined {
  const { text } = answer;
  // Redacted before it is cut: half a secret isn't recognized.
  const shorten = (said: unknown) => typeof said === "string" ? redact(said).slice(0, 120).trim() : "";
  if (isHtml(answer)) return shorten(/<title[^>]*>([^<]{1,1000})/i.exec(text)?.[1]) || "a web page";
  const json = parseJsonObject(text);
  const said = [
    json?.error_description,
    json?.message,
    json?.detail,
    json?.title,
    json?.errorSummary,
    Object(json?.error).message,
  ]
    .find((each) => typeof each === "string");
  return shorten(said ?? (json ? "" : text)) || undefined;
}
