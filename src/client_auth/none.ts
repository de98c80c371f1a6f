/**
 * Client authentication that proves nothing.
 *
 * @module
 */

import type { ClientAuth } from "./client_auth.ts";

/**
 * No client authentication (`none`, RFC 7591 §2): the client only says who it is. For servers that know it by other
 * means, such as the network. For a client certificate there are `tlsClientAuth` and `selfSignedTlsClientAuth` of
 * `@m2m/authenticator/client-auth/tls`.
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
      // Some grants go without a client (RFC 7521 §4.1).
      if (request.clientId) request.body.set("client_id", request.clientId);
    },
  };
}
