/**
 * The parameters of a client assertion (RFC 7521 §4).
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { TokenRequest } from "./client_auth.ts";

/** The type of assertions that are JWTs (RFC 7523 §2.2). */
export const jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** A compact JWS or JWE: letters, digits, `-` and `_`, in three or five parts. */
const compactJwt = /^[\w-]+\.[\w-]*\.[\w-]*(\.[\w-]*\.[\w-]*)?$/;

/** Reads a function's result as an assertion, and trims it: one read from a file ends in a line end. */
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

/** Redacts a token or an assertion, and its signature. */
export function redactAssertion(request: TokenRequest, assertion: string): void {
  for (const secret of [assertion, assertion.slice(assertion.lastIndexOf(".") + 1)]) request.redact(secret);
}

/** Adds an assertion to a request, with `client_id`: optional in the RFC, but many servers need it. */
export function putAssertion(request: TokenRequest, assertion: string, assertionType: string): void {
  redactAssertion(request, assertion);
  request.body.set("client_id", request.clientId);
  request.body.set("client_assertion_type", assertionType);
  request.body.set("client_assertion", assertion);
}
