/** Secrets that must never show: the runner searches all that the suite prints for `planted-`. @module */

/** Planted in requests and answers. */
export const planted = {
  clientId: "suite-client",
  postClientId: "suite-post-client",
  secret: 'planted-secret/+:%25&"=?! ',
  query: "planted-query",
  tokenStart: "planted-token-",
} as const;

/** The client of scenes and real servers. */
export const client = { clientId: planted.clientId, clientSecret: planted.secret };

/** The nth token that a scene's token endpoint issues. */
export function nthToken(number: number): string {
  return planted.tokenStart + String(number).padStart(3, "0");
}

/** The same, as an `authorization` header. */
export function bearer(number: number): string {
  return `Bearer ${nthToken(number)}`;
}

/** As `application/x-www-form-urlencoded` has it (RFC 6749 Appendix B). */
export const encodedSecret: string = new URLSearchParams({ "": planted.secret }).toString().slice(1);

/** The secret in the forms in which it is sent, or quoted. */
export const quotedSecret: readonly string[] = [
  planted.secret,
  encodedSecret,
  encodeURIComponent(planted.secret),
  btoa(planted.secret),
  btoa(`${planted.clientId}:${planted.secret}`),
  btoa(`${planted.clientId}:${encodedSecret}`),
];
