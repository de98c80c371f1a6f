/**
 * What a response says of the token.
 *
 * @module
 */

/** `error=invalid_token`, with or without quotation marks. What stands within others doesn't count. */
const invalidToken =
  /^(?:(?:[^"]|"(?:[^"\\]|\\[^])*")*?[\s,])?error\s*=\s*(?:invalid_token|"invalid_token")(?:[\s,]|$)/i;

/** Tells whether a response rejects the token: by 401, or by the error code that is for it (RFC 6750 §3.1). */
export function rejectsToken({ status, headers }: { status: number; headers: Pick<Headers, "get"> }): boolean {
  return status === 401 || status === 403 && invalidToken.test(headers.get("www-authenticate") ?? "");
}
