/** What must never show. Whoever runs the suite looks for `planted-` in all that it printed. @module */

/** Planted in requests and answers. */
export const planted = {
  clientId: "suite-client",
  postClientId: "suite-post-client",
  secret: 'planted-secret/+:%25&"=?! ',
  query: "planted-query",
  tokenStart: "planted-token-",
} as const;

/** The token that a scene's token endpoint gives as its first, second and so on. */
export function nthToken(number: number): string {
  return planted.tokenStart + String(number).padStart(3, "0");
}

/** The secret in the forms in which it is sent, or quoted. */
export const quotedSecret: readonly string[] = [
  planted.secret,
  new URLSearchParams({ "": planted.secret }).toString().slice(1),
  encodeURIComponent(planted.secret),
  btoa(planted.secret),
  btoa(`${planted.clientId}:${planted.secret}`),
  btoa(`${planted.clientId}:${new URLSearchParams({ "": planted.secret }).toString().slice(1)}`),
];
