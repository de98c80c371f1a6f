/**
 * The client authentication methods that a server supports, by its metadata (RFC 8414 §2).
 *
 * @module
 */

import type { ClientConfig, ClientConfigRequest } from "../config_store/client_config_store.ts";
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

/** Names come from the server, or from a `ClientAuth` of the caller's: messages show only short identifiers. */
const harmless = /^[\w-]{1,40}$/;
const mostNames = 8;

/** Whether the client authenticates by a certificate (RFC 8705 §2), and so uses the endpoints for mutual TLS. */
export function isTlsMethod(method: string | undefined): boolean {
  return method === "tls_client_auth" || method === "self_signed_tls_client_auth";
}

/** A server's metadata, as far as it matters here. */
interface Published {
  /** As messages name it. */
  readonly issuer: string;
  readonly token_endpoint_auth_methods_supported?: readonly string[] | undefined;
}

/**
 * Returns the client's other method where the server supports that alone, and nothing where it supports the first. Throws
 * if it supports neither: a login that must fail may count against the client. An empty list means as little as none.
 */
export function chooseAuthMethod(
  { issuer, token_endpoint_auth_methods_supported: supported = [] }: Published,
  { authMethod: method, alternative }: ClientConfigRequest,
): Pick<ClientConfig, "authMethod"> | undefined {
  if (method === undefined || supported.length === 0 || supported.includes(method)) return undefined;
  if (alternative !== undefined && supported.includes(alternative)) return { authMethod: alternative };
  const ours = [...valueFor.keys()].filter((name) => supported.includes(name));
  const others = [...new Set(supported)].filter((name) => !valueFor.has(name) && harmless.test(name));
  const names = [...ours, ...others];
  const shown = names.slice(0, mostNames).join(", ") + (names.length > mostNames ? " and others" : "");
  const values = ours.map((name) => valueFor.get(name)).join("; or ");
  throw new AuthenticationError(
    "invalid_config",
    `Cannot authenticate by ${harmless.test(method) ? method : "the method of clientAuth"}: ${issuer} supports ${
      shown || "other methods"
    } (token_endpoint_auth_methods_supported). ${values ? `Pass ${values}. ` : ""}If its metadata is incomplete, ` +
      "set ignoreAuthMethods on the config store.",
  );
}
