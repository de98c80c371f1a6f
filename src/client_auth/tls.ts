/**
 * Client authentication by a certificate that the client shows when the connection is made (mutual TLS, RFC 8705).
 *
 * The certificate belongs in the transport, for it is part of the connection and not of the request: in the
 * authenticator's `clientCertificate`, in the `fetch` of `denoTransport`, `bunTransport` or `nodeTransport`, or, on
 * Cloudflare, in an mTLS binding, whose `fetch` is handed in. What is here tells the server whose the certificate is
 * to be.
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
 *   // It finds the server's endpoint for mutual TLS by itself.
 *   configStore: new DiscoveryClientConfigStore("https://auth.example.com", {
 *     overrides: { scopes: ["api:read"], audience: "https://api.example.com" },
 *   }),
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * A token that the server binds to the certificate (RFC 8705 §3) is good only together with it. The calls of the API
 * go by the same transport, and so show it too.
 *
 * | where no token comes | why |
 * |---|---|
 * | `token_request_rejected`, `error` is `invalid_client` | the server saw no certificate, another client's, or one it doesn't trust. The transport has none (no `clientCertificate`, or a `fetch` that shows none); or the request went to the ordinary token endpoint, where a server may ask for no certificate: name the one of `mtls_endpoint_aliases` |
 * | `tls_failed`, `network_error` | the server ended the handshake, for it insists on a certificate, or on another one |
 * | `invalid_config` | the certificate or its key can't be read, or they don't belong together; or the server says that it doesn't take certificates |
 *
 * @module
 */

import type { ClientAuth } from "./client_auth.ts";

/**
 * Client authentication by a certificate from an authority that the server trusts (`tls_client_auth`, RFC 8705 §2.1).
 * The server knows the client by the certificate's subject, or by one of its other names. It adds `client_id` to the
 * request, and nothing else: the certificate stands in the transport.
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
 * @example What the server is told
 * ```ts
 * import { getToken } from "@m2m/authenticator";
 * import { tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
 * import { assertEquals } from "@std/assert";
 *
 * const credentials = await getToken("https://mtls.auth.example.com/oauth/token", {
 *   clientId: "my-client",
 *   clientAuth: tlsClientAuth(),
 *   // In its place: the fetch of a transport that has the certificate.
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
  return byCertificate("tls_client_auth");
}

/**
 * Client authentication by a certificate that is registered with the server itself, whoever signed it
 * (`self_signed_tls_client_auth`, RFC 8705 §2.2): in the client's `jwks`, as `x5c`. It adds `client_id` to the request,
 * and nothing else: the certificate stands in the transport.
 *
 * @example With a transport of one's own
 * ```ts ignore
 * // Not run: it needs a certificate, and a server that knows it. To make one, and to have its x5c:
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
  return byCertificate("self_signed_tls_client_auth");
}

/** The connection has proved who it is already: only by the id does the server know whom to compare it with. */
function byCertificate(method: string): ClientAuth {
  return {
    method,
    authenticate(request) {
      request.body.set("client_id", request.clientId);
    },
  };
}
