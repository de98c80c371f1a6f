/** The clients and the tokens of scenes and real servers. @module */
import { planted } from "../../faults/planted.ts";

/** The client of scenes. */
export const client = { clientId: planted.clientId, clientSecret: planted.secret };
/** Those of the real servers, which take ASCII alone. */
export const realClient = { clientId: "suite-client", clientSecret: 'planted-secret/+:%25&"=?! ' };
/** A client that sends its secret in the body. */
export const postClientId = "suite-post-client";

/** The nth token that a scene's token endpoint issues. */
export function nthToken(number: number): string {
  return planted.tokenStart + String(number).padStart(3, "0");
}

/** The same, as an `authorization` header. */
export function bearer(number: number): string {
  return `Bearer ${nthToken(number)}`;
}
