/**
 * Where an authorization server is asked, by how the client proves who it is.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { checkAuthMethod, isTlsMethod } from "./auth_methods.ts";
import { type AuthorizationServerMetadata, hasInsecureAlias } from "./authorization_server_metadata.ts";
import type { ClientConfig } from "../config_store/client_config_store.ts";

/** How a client proves who it is, where the server says which ways it takes. */
export interface AuthMethodOptions {
  /**
   * Lets a client try to prove itself in a way that the server doesn't name among those it takes, for servers that take
   * more than they say. Default: `false`, an error with the code `invalid_config` tells what the server takes. What it
   * names is as old as the metadata: up to `maxAge`.
   */
  readonly ignoreAuthMethods?: boolean | undefined;
}

/** Which of a server's endpoints are used. */
export interface EndpointOptions extends AuthMethodOptions {
  /**
   * Whether to use the endpoints for mutual TLS (RFC 8705 §5) where the server has some. Default: whether the client
   * proves itself by a certificate (`tlsClientAuth`, `selfSignedTlsClientAuth`). `true` is for one that proves itself in
   * another way, and wants its tokens bound to its certificate (RFC 8705 §3). It shows no certificate by itself: that is
   * the `clientCertificate` of the authenticator, or its `fetch`.
   */
  readonly useMtlsEndpointAliases?: boolean | undefined;
}

/**
 * The endpoints for a client of this method. Throws if the server says that it doesn't take the method, or its endpoint for
 * it is `http:`: at the usual one there may be nobody who asks for a certificate.
 */
export function endpointsFor(
  metadata: AuthorizationServerMetadata,
  authMethod: string | undefined,
  { useMtlsEndpointAliases = isTlsMethod(authMethod), ignoreAuthMethods = false }: EndpointOptions,
): Pick<ClientConfig, "tokenEndpoint" | "revocationEndpoint" | "issuer"> {
  if (!ignoreAuthMethods) checkAuthMethod(metadata, authMethod);
  const { issuer, token_endpoint, revocation_endpoint, mtls_endpoint_aliases } = metadata;
  if (useMtlsEndpointAliases && hasInsecureAlias(metadata)) {
    throw new AuthenticationError(
      "insecure_endpoint",
      `Cannot use the metadata of ${issuer}: it names an http: token_endpoint in mtls_endpoint_aliases. Have the server ` +
        "publish an https: one, or set allowInsecureRequests.",
    );
  }
  const aliases = useMtlsEndpointAliases ? mtls_endpoint_aliases : undefined;
  return {
    tokenEndpoint: aliases?.token_endpoint ?? token_endpoint,
    revocationEndpoint: aliases?.revocation_endpoint ?? revocation_endpoint,
    issuer,
  };
}
