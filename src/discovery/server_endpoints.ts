/**
 * Chooses an authorization server's endpoints by the client's authentication method.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { chooseAuthMethod, isTlsMethod } from "./auth_methods.ts";
import { type AuthorizationServerMetadata, hasInsecureAlias } from "./authorization_server_metadata.ts";
import type { ClientConfig, ClientConfigRequest } from "../config_store/client_config_store.ts";

/** Configures the check of the client authentication method. */
export interface AuthMethodOptions {
  /**
   * Whether to use an authentication method that the server's metadata doesn't list, for servers whose list is
   * incomplete. Otherwise a plain `clientSecret` is sent as `client_secret_post` if only that is listed, and an error with the code `invalid_config` lists what the server supports. The list may be as
   * old as `maxAge`.
   *
   * @default {false}
   */
  readonly ignoreAuthMethods?: boolean | undefined;
}

/** Selects which endpoints of the server are used. */
export interface EndpointOptions extends AuthMethodOptions {
  /**
   * Whether to use the server's endpoints for mutual TLS (RFC 8705 §5), where it has some. Set it where the client
   * authenticates otherwise, and its tokens are to be bound to its certificate (RFC 8705 §3). The certificate itself is
   * the `clientCertificate` of the authenticator, or its `fetch`'s.
   *
   * @default {true for tlsClientAuth and selfSignedTlsClientAuth, else false}
   */
  readonly useMtlsEndpointAliases?: boolean | undefined;
}

/**
 * Returns the endpoints for a client of this method. Throws if the server doesn't support the method, or its endpoint
 * for mutual TLS is `http:`, as the ordinary one may not ask for a certificate.
 */
export function chooseEndpoints(
  metadata: AuthorizationServerMetadata,
  request: ClientConfigRequest,
  { useMtlsEndpointAliases = isTlsMethod(request.authMethod), ignoreAuthMethods = false }: EndpointOptions,
): Pick<ClientConfig, "tokenEndpoint" | "revocationEndpoint" | "issuer" | "authMethod"> {
  const chosen = ignoreAuthMethods ? undefined : chooseAuthMethod(metadata, request);
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
    ...chosen,
  };
}
