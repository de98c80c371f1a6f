/**
 * The JWT bearer grant (RFC 7523 §2.1), as data.
 *
 * @module
 */

import { readAssertion, redactAssertion } from "../client_auth/assertion_parameters.ts";
import type { TokenRequest } from "../client_auth/client_auth.ts";
import type { Grant } from "../token_endpoint/grant.ts";

/** Makes the grant. */
export function jwtBearerGrant(assertion: (request: TokenRequest) => string | Promise<string>): Grant {
  return {
    grantType: "urn:ietf:params:oauth:grant-type:jwt-bearer",
    async prepare(request) {
      const jwt = readAssertion(await assertion(request), { name: "assertion", isJwt: true });
      redactAssertion(request, jwt);
      request.body.set("assertion", jwt);
    },
  };
}
