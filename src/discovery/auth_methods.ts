/**
 * How a client may prove itself at a server, by what the server publishes (RFC 8414 §2).
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";

/** What to pass for each method. */
const valueFor = new Map<string, string>([
  ["client_secret_basic", "clientSecret"],
  ["client_secret_post", "clientAuth: clientSecretPost(secret)"],
  ["client_secret_jwt", "clientAuth: clientSecretJwt(secret)"],
  ["private_key_jwt", "clientAuth: privateKeyJwt(key)"],
  ["tls_client_auth", "clientAuth: tlsClientAuth() with a clientCertificate"],
  ["self_signed_tls_client_auth", "clientAuth: selfSignedTlsClientAuth() with a clientCertificate"],
  ["none", "clientAuth: none()"],
]);

/** The names of the list are the server's, and the method may be anybody's: what looks like prose isn't shown. */
const harmless = /^[\w-]{1,40}$/;
const mostNames = 8;

/** Whether the client shows a certificate (RFC 8705 §2), and so asks at the endpoints for mutual TLS. */
export function isTlsMethod(method: string | undefined): boolean {
  return method === "tls_client_auth" || method === "self_signed_tls_client_auth";
}

/** What is known of a server. */
interface Published {
  /** As messages name it. */
  readonly issuer: string;
  readonly token_endpoint_auth_methods_supported?: readonly string[] | undefined;
}

/**
 * Refuses a method that the server says it doesn't take: a login that must fail isn't worth a count against the client.
 * An empty list says as little as none.
 */
export function checkAuthMethod(
  { issuer, token_endpoint_auth_methods_supported: taken = [] }: Published,
  method: string | undefined,
): void {
  if (method === undefined || taken.length === 0 || taken.includes(method)) return;
  const ours = [...valueFor.keys()].filter((name) => taken.includes(name));
  const others = [...new Set(taken)].filter((name) => !valueFor.has(name) && harmless.test(name));
  const names = [...ours, ...others];
  const shown = names.slice(0, mostNames).join(", ") + (names.length > mostNames ? " and others" : "");
  const values = ours.map((name) => valueFor.get(name)).join("; or ");
  throw new AuthenticationError(
    "invalid_config",
    `Cannot authenticate by ${harmless.test(method) ? method : "the method of clientAuth"}: ${issuer} takes ${
      shown || "other methods"
    } (token_endpoint_auth_methods_supported). ${values ? `Pass ${values}. ` : ""}If it takes more than it says, ` +
      "set ignoreAuthMethods on the config store.",
  );
}
