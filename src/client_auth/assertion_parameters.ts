/**
 * How an assertion is put on a request (RFC 7521 §4).
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { TokenRequest } from "./client_auth.ts";

/** The type of assertions that are JWTs (RFC 7523 §2.2). */
export const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** A compact JWS or JWE: letters, digits, `-` and `_`, in three or five parts. */
const compactJwt = /^[\w-]+\.[\w-]*\.[\w-]*(\.[\w-]*\.[\w-]*)?$/;

/** What a function gave as an assertion, without white space around it: read from a file, it ends in a new line. */
export function readAssertion(given: unknown, { name, isJwt }: { name: string; isJwt: boolean }): string {
  const assertion = typeof given === "string" ? given.trim() : "";
  if (assertion === "" || isJwt && !compactJwt.test(assertion)) {
    throw new AuthenticationError(
      "client_auth_unavailable",
      `Cannot use the ${name}: the function given must return ${isJwt ? "a JWT" : "a string"}, ` +
        `and gave ${assertion === "" ? "none" : "something else"}.`,
    );
  }
  return assertion;
}

/** Keeps a token or an assertion from being shown. */
export function redactAssertion(request: TokenRequest, assertion: string): void {
  // Its last part is what makes it worth stealing: no server may quote that alone either.
  for (const secret of [assertion, assertion.slice(assertion.lastIndexOf(".") + 1)]) request.redact(secret);
}

/** Puts an assertion on a request. The client's id goes along: optional in the RFC, and needed by many servers. */
export function putAssertion(request: TokenRequest, assertion: string, assertionType: string): void {
  redactAssertion(request, assertion);
  request.body.set("client_id", request.clientId);
  request.body.set("client_assertion_type", assertionType);
  request.body.set("client_assertion", assertion);
}
