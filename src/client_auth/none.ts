/**
 * No client authentication.
 *
 * @module
 */

import type { ClientAuth } from "./client_auth.ts";

/**
 * Sends the client's id without a proof (`none`, RFC 7591 §2). For a client certificate
 * use `tlsClientAuth` or `selfSignedTlsClientAuth` of `@m2m/authenticator/client-auth/tls`.
 *
 * @example
 * ```ts
 * import { none } from "@m2m/authenticator";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(none().method, "none");
 * ```
 *
 * @returns A value for `clientAuth`.
 */
export function none(): ClientAuth {
  return {
    method: "none",
    authenticate(request) {
      // Some grants need no client (RFC 7521 §4.1).
      if (request.clientId) request.body.set("client_id", request.clientId);
    },
  };
}
