/**
 * Checks of the metadata that a client publishes about itself.
 *
 * @module
 */

import { throwInvalid } from "../arguments.ts";

/** The members of a JWK that are private (RFC 7518 §6). */
const privateMembers = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/** Checks what no document may hold: it is public, and servers refuse it. Errors show names only. */
export function checkMetadata(document: Readonly<Record<string, unknown>>, hasKeys: boolean): void {
  const { token_endpoint_auth_method: method } = document;
  for (const name of Object.keys(document)) {
    if (!/_|^(scope|contacts)$/.test(name)) {
      throw new TypeError(`${name} must be an option, or a member of the metadata (RFC 7591 §2).`);
    }
    if (/^client_secret/.test(name)) throw new TypeError(`${name} must not be in a public document (§4.1).`);
  }
  if (typeof method !== "string" || /^client_secret/.test(method)) {
    throwInvalid("token_endpoint_auth_method", 'a method without a shared secret, such as "private_key_jwt"', method);
  }
  if (/^(private_key_jwt|self_signed_tls_client_auth)$/.test(method as string) && !hasKeys) {
    throw new TypeError(`keys must be given for ${method}: servers know the client by them.`);
  }
  JSON.stringify(document, (name, value) => {
    const isKey = Object(value) === value && "kty" in value && privateMembers.some((member) => member in value);
    if (isKey || typeof value === "string" && /PRIVATE KEY-----|"(d|k)"\s*:/.test(value)) {
      throw new TypeError(`${name} must hold no private key: the document is public (§4.1).`);
    }
    return value;
  });
}
