/**
 * Tokens that are of no use without a proof for each request (DPoP).
 *
 * @module
 */

import type { Credentials } from "../credentials.ts";

/** Throws for a token that is of no use without a proof for each request. */
export function throwIfBound(
  { tokenType }: Pick<Credentials, "tokenType">,
  what: string,
  remedy = "Use authenticator.fetch.",
): void {
  if (!/^dpop$/i.test(tokenType)) return;
  throw new TypeError(`Cannot ${what}: each request needs a proof. ${remedy}`);
}

/** The same credentials, if they are of use by a protocol without proofs. */
export function requireBearer<Given extends Pick<Credentials, "tokenType">>(credentials: Given): Given {
  const remedy = "Use an authenticator without dpop.";
  throwIfBound(credentials, "send a sender-constrained token by this protocol", remedy);
  return credentials;
}
