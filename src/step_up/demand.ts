/**
 * What an API demands of the token, beyond a live one.
 *
 * @module
 */

import { decodeBase64 } from "@std/encoding/base64";
import { checkScopes } from "../arguments.ts";
import { parseChallenges } from "../http/www_authenticate.ts";

/** Claims by where they are to stand: `access_token`, `id_token` or `userinfo` (OpenID Connect Core §5.5). */
export type ClaimsRequest = Readonly<Record<string, unknown>>;

/** What the token lacks. */
export type Demand =
  | { readonly reason: "insufficient_scope"; readonly scopes: readonly string[] }
  | { readonly reason: "insufficient_claims"; readonly claims: ClaimsRequest };

/** Reads the demand of a response, if it has one that can be met without a user. */
export function readDemand({ status, headers }: Response): Demand | undefined {
  if (status !== 401 && status !== 403) return undefined;
  for (const { scheme, parameters } of parseChallenges(headers.get("www-authenticate"))) {
    if (!/^(bearer|dpop)$/.test(scheme)) continue;
    const error = parameters.get("error");
    if (error === "insufficient_scope" && status === 403) {
      const scopes = parseScopes(parameters.get("scope"));
      if (scopes) return { reason: error, scopes };
    }
    if (error === "insufficient_claims") {
      const claims = parseClaims(parameters.get("claims"));
      if (claims) return { reason: error, claims };
    }
  }
  return undefined;
}

/** The scopes of a text, each once; `undefined` if there are none, or one is no scope (RFC 6749 §3.3). */
export function parseScopes(text: string | undefined): readonly string[] | undefined {
  const scopes = [...new Set(text?.split(" ").filter(Boolean))];
  try {
    return scopes.length > 0 ? checkScopes(scopes) : undefined;
  } catch {
    return undefined;
  }
}

/** Claims in base64 or base64url, with or without padding. */
function parseClaims(text: string | undefined): ClaimsRequest | undefined {
  try {
    const bytes = decodeBase64((text ?? "").replace(/-/g, "+").replace(/_/g, "/"));
    const claims = JSON.parse(new TextDecoder().decode(bytes));
    return isRecord(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

/** Merges claims into others, as two requests for claims are one. */
export function mergeClaims(claims: ClaimsRequest, others: ClaimsRequest): ClaimsRequest {
  const merged = { ...claims };
  for (const [name, value] of Object.entries(others)) {
    const own = Object.hasOwn(merged, name) ? merged[name] : undefined;
    // Those of a member (`access_token`) stand side by side; of one claim the newer request counts.
    Object.assign(merged, { [name]: isRecord(own) && isRecord(value) ? { ...own, ...value } : value });
  }
  return merged;
}

/** Tells whether a value is an object with members of its own. */
export function isRecord(value: unknown): value is ClaimsRequest {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
