/**
 * Client authentication by a client certificate (mutual TLS, RFC 8705).
 *
 * The certificate belongs to the connection, so it is set in the transport: as the authenticator's `clientCertificate`,
 * in the `fetch` of `denoTransport`, `bunTransport` or `nodeTransport`, or, on Cloudflare, in the `fetch` of an mTLS
 * binding. The methods here add `client_id`, by which the server finds the client to compare the certificate with.
 *
 * ```ts ignore
 * // Not run: it needs a certificate, and a server that knows it.
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
 * import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientAuth: tlsClientAuth(),
 *   clientCertificate: { cert: "/etc/my-client/tls.crt", key: "/etc/my-client/tls.key" },
 *   // Finds the server's endpoint for mutual TLS (mtls_endpoint_aliases).
 *   configStore: new DiscoveryClientConfigStore("https://auth.example.com", {
 *     overrides: { scopes: ["api:read"], audience: "https://api.example.com" },
 *   }),
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * A certificate-bound token (RFC 8705 §3) is valid only with the certificate. Calls of the API use the same transport,
 * and so the same certificate.
 *
 * | error | cause |
 * |---|---|
 * | `token_request_rejected`, `error` is `invalid_client` | The server got no certificate, another client's, or one it doesn't trust. Set `clientCertificate`, or a `fetch` with a certificate; or use the token endpoint of `mtls_endpoint_aliases`, as the ordinary one may request no certificate. |
 * | `tls_failed`, `network_error` | The server ended the handshake: it requires a certificate, or another one. |
 * | `invalid_config` | Certificate or key can't be read, or don't belong together; or the server doesn't support certificates. |
 *
 * @module
 */

import type { ClientAuth } from "./client_auth.ts";

/**
 * Authenticates a client by a certificate of a trusted authority (`tls_client_auth`, RFC 8705 §2.1). The server knows
 * the client by the certificate's subject, or a subject alternative name. It only adds `client_id`; the certificate is
 * set in the transport.
 *
 * @example On Cloudflare Workers, with an mTLS binding
 * ```ts ignore
 * // Not run: it needs a binding. In wrangler.toml: mtls_certificates = [{ binding = "MTLS", certificate_id = "…" }]
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
 *
 * let authenticator: ClientCredentialsAuthenticator | undefined;
 * export default {
 *   fetch(_request: Request, env: { MTLS: { fetch: typeof fetch } }): Promise<Response> {
 *     authenticator ??= new ClientCredentialsAuthenticator({
 *       endpoint: "https://api.example.com",
 *       clientId: "my-client",
 *       clientAuth: tlsClientAuth(),
 *       fetch: (input, init) => env.MTLS.fetch(input, init),
 *       configStore: new StaticClientConfigStore({ tokenEndpoint: "https://mtls.auth.example.com/oauth/token" }),
 *     });
 *     return authenticator.fetch("/v1/projects");
 *   },
 * };
 * ```
 *
 * @example The request
 * ```ts
 * import { getToken } from "@m2m/authenticator";
 * import { tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
 * import { assertEquals } from "@std/assert";
 *
 * const credentials = await getToken("https://mtls.auth.example.com/oauth/token", {
 *   clientId: "my-client",
 *   clientAuth: tlsClientAuth(),
 *   // In a program: the fetch of a transport with the certificate.
 *   fetch: (_url, init) => {
 *     assertEquals(String(init?.body), "grant_type=client_credentials&client_id=my-client");
 *     return Promise.resolve(Response.json({ access_token: "a-token", token_type: "Bearer" }));
 *   },
 * });
 * assertEquals(credentials.tokenType, "Bearer");
 * ```
 *
 * @returns A value for `clientAuth`.
 */
export function tlsClientAuth(): ClientAuth {
  return makeTlsClientAuth("tls_client_auth");
}

/**
 * Authenticates a client by a registered certificate (`self_signed_tls_client_auth`, RFC 8705 §2.2): the client's
 * `jwks` has it as `x5c`. It only adds `client_id`; the certificate is set in the transport.
 *
 * @example With a transport of your own
 * ```ts ignore
 * // Not run: it needs a certificate, and a server that knows it. To make one, and to print its x5c:
 * // openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=my-client \
 * //   -keyout tls.key -out tls.crt && openssl x509 -in tls.crt -outform der | base64
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { selfSignedTlsClientAuth } from "@m2m/authenticator/client-auth/tls";
 * import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
 * import { denoTransport } from "@m2m/authenticator/transport/deno";
 *
 * await using transport = denoTransport({ clientCertificate: { cert: "tls.crt", key: "tls.key" } });
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientAuth: selfSignedTlsClientAuth(),
 *   fetch: transport.fetch,
 *   configStore: new DiscoveryClientConfigStore("https://auth.example.com"),
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * @returns A value for `clientAuth`.
 */
export function selfSignedTlsClientAuth(): ClientAuth {
  return makeTlsClientAuth("self_signed_tls_client_auth");
}

function makeTlsClientAuth(method: string): ClientAuth {
  return {
    method,
    advice: "Check that the client's certificate is shown, and that the server knows it.",
    authenticate(request) {
      request.body.set("client_id", request.clientId);
    },
  };
}
