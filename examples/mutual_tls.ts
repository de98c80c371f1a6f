/**
 * A script for Deno, Bun and Node whose client authenticates by a certificate (mutual TLS, RFC 8705), in two files: it
 * prints the projects. The authorization server has the certificate's subject, and trusts its issuer; it may bind the
 * token to the certificate.
 *
 *     deno add jsr:@m2m/authenticator
 *     deno run --env-file --allow-env --allow-read --allow-net=api.example.com,auth.example.com mutual_tls.ts
 *     bunx jsr add @m2m/authenticator && bun mutual_tls.ts
 *     npx jsr add @m2m/authenticator && npm install undici && node --env-file=.env mutual_tls.ts
 *
 * Where the server's endpoint for mutual TLS is on another host, Deno must be allowed to reach that too.
 *
 * Environment: `M2M_ENDPOINT` (the API), `M2M_ISSUER` (the rest of the server is discovered), `M2M_CLIENT_ID`,
 * `M2M_CERT_FILE` and `M2M_KEY_FILE` (PEM), and where they are needed `M2M_CA_FILE` (PEM, a private authority that
 * issued the servers' certificates), `M2M_SCOPES` (space separated) and `M2M_AUDIENCE`.
 */
import { env } from "node:process";
import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import { tlsClientAuth } from "@m2m/authenticator/client-auth/tls";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";

function setting(name: string): string {
  const value = env[name];
  if (!value) throw new Error(`Cannot start: the environment variable ${name} is not set`);
  return value;
}

const authenticator = new ClientCredentialsAuthenticator({
  endpoint: setting("M2M_ENDPOINT"),
  clientId: setting("M2M_CLIENT_ID"),
  // For a certificate that is itself registered, self-signed or not: selfSignedTlsClientAuth().
  clientAuth: tlsClientAuth(),
  // Presented to the token endpoint, and to the API.
  clientCertificate: { cert: setting("M2M_CERT_FILE"), key: setting("M2M_KEY_FILE") },
  verify: env.M2M_CA_FILE || true,
  configStore: new DiscoveryClientConfigStore(setting("M2M_ISSUER"), {
    overrides: {
      scopes: (env.M2M_SCOPES ?? "").split(" ").filter(Boolean),
      audience: env.M2M_AUDIENCE || undefined,
    },
  }),
});

const response = await authenticator.fetch("/v1/projects");
if (!response.ok) throw new Error(`Cannot list the projects: the API answered ${response.status}`);
console.log(JSON.stringify(await response.json(), null, 2));
// Closes the certificate's connections: else a script on Node ends some seconds later.
await authenticator.close();
