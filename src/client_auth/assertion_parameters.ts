/**
 * How an assertion is put on a request (RFC 7521 §4.2).
 *
 * @module
 */

import type { TokenRequest } from "./client_auth.ts";

/** The type of assertions that are JWTs (RFC 7523 §2.2). */
export const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** Puts an assertion on a request. The client's id goes along: optional in the RFC, and needed by many servers. */
export function putAssertion(request: TokenRequest, assertion: string, assertionType: string): void {
  // Its last part is what makes it worth stealing: no server may quote that alone either.
  for (const secret of [assertion, assertion.slice(assertion.lastIndexOf(".") + 1)]) request.conceal(secret);
  request.body.set("client_id", request.clientId);
  request.body.set("client_assertion_type", assertionType);
  request.body.set("client_assertion", assertion);
}
