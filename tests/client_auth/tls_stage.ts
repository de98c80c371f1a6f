/**
 * A real authorization server that takes certificates, and an API that takes the tokens bound to them; and the
 * certificates.
 *
 * @module
 */

import { exportJWK, importX509 } from "jose";
import {
  type AuthorizationServer,
  type RegisteredClient,
  startAuthorizationServer,
} from "../servers/authorization_server.ts";
import { type MtlsProtectedApi, startMtlsProtectedApi } from "../servers/mtls_protected_api.ts";
import { certificateAuthority, type KeyPair, selfSignedCertificate } from "../servers/tls_certificates.ts";
import type { CertificateName, TlsCase, TlsInput } from "./tls_case.ts";

const secret = "s3cret-of-the-client-4711";

/** Who proves itself how. */
export const cases: readonly TlsCase[] = [
  ...(["by-subject", "by-dns-name", "by-uri", "by-address"] as const).map((clientId): TlsCase => ({
    name: `a client known ${clientId.replaceAll("-", " ")} shows its certificate`,
    clientId,
    method: "tls_client_auth",
    certificate: "of my client",
    gets: "a token",
  })),
  {
    name: "a client shows the self-signed certificate that is registered",
    clientId: "by-certificate",
    method: "self_signed_tls_client_auth",
    certificate: "self-signed",
    gets: "a token",
  },
  {
    name: "a client with a secret has its token bound to whatever it shows",
    clientId: "by-secret",
    method: "client_secret_basic",
    certificate: "self-signed",
    useMtlsEndpointAliases: true,
    gets: "a token",
  },
  {
    name: "a client with a secret whose tokens are bound asks where no certificate is asked for",
    clientId: "by-secret",
    method: "client_secret_basic",
    certificate: "self-signed",
    gets: "invalid_grant",
  },
  {
    name: "a client asks where no certificate is asked for",
    clientId: "by-subject",
    method: "tls_client_auth",
    certificate: "of my client",
    useMtlsEndpointAliases: false,
    gets: "invalid_client",
  },
  ...([
    undefined,
    "of another client",
    "of another organization",
    "of another CA",
    "that has expired",
    "self-signed",
  ] as const)
    .map((certificate): TlsCase => ({
      name: `a client known by subject shows ${certificate ? `a certificate ${certificate}` : "none"}`,
      clientId: "by-subject",
      method: "tls_client_auth",
      ...certificate && { certificate },
      gets: "invalid_client",
    })),
  {
    name: "a client known by dns name shows a certificate of another client",
    clientId: "by-dns-name",
    method: "tls_client_auth",
    certificate: "of another client",
    gets: "invalid_client",
  },
  ...([undefined, "self-signed by another", "of my client"] as const).map((certificate): TlsCase => ({
    name: `a client whose certificate is registered shows ${certificate ? `one ${certificate}` : "none"}`,
    clientId: "by-certificate",
    method: "self_signed_tls_client_auth",
    ...certificate && { certificate },
    gets: "invalid_client",
  })),
  {
    name: "nobody shows a certificate",
    clientId: "nobody",
    method: "tls_client_auth",
    certificate: "of my client",
    gets: "invalid_client",
  },
];

export interface TlsStage extends AsyncDisposable {
  readonly server: AuthorizationServer;
  readonly api: MtlsProtectedApi;
  readonly input: TlsInput;
  /** What must show nowhere. */
  readonly secrets: readonly string[];
}

/** Starts both servers. `sharesSessions` is as in `MutualTls`. */
export async function setTlsStage(sharesSessions = true): Promise<TlsStage> {
  await using stack = new AsyncDisposableStack();
  const [ours, others] = [await certificateAuthority("Our CA"), await certificateAuthority("Another CA")];
  const certificate = await ours.issue({ subject: "server", hosts: ["localhost"], addresses: ["127.0.0.1"] });
  const mine = {
    subject: "my-client",
    organization: "Example",
    usage: "client",
    hosts: ["client.test"],
    uris: ["spiffe://example.test/my-client"],
    addresses: ["192.0.2.1"],
  } as const;
  const certificates: Record<CertificateName, KeyPair> = {
    "of my client": await ours.issue(mine),
    "of another client": await ours.issue({ ...mine, subject: "another", hosts: ["another.test"] }),
    "of another organization": await ours.issue({ ...mine, organization: "Other" }),
    "of another CA": await others.issue(mine),
    "that has expired": await ours.issue({ ...mine, expiresIn: -60_000 }),
    "self-signed": await selfSignedCertificate(mine),
    "self-signed by another": await selfSignedCertificate(mine),
  };
  const server = stack.use(
    await startAuthorizationServer({
      mutualTls: { certificate, clientAuthority: ours.pem, sharesSessions },
      clients: await registered(certificates["self-signed"].cert),
    }),
  );
  const { issuer, jwksUri } = server;
  const api = stack.use(await startMtlsProtectedApi({ certificate, authority: ours.pem, issuer, jwksUri }));
  const started = stack.move();
  return {
    server,
    api,
    input: { cases, issuer, api: api.origin, authority: ours.pem, certificates, secret },
    secrets: [
      secret,
      btoa(`by-secret:${secret}`),
      ...Object.values(certificates).flatMap(({ key }) => key.split("\n").filter((line) => line.length === 64)),
    ],
    [Symbol.asyncDispose]: () => started.disposeAsync(),
  };
}

async function registered(selfSigned: string): Promise<RegisteredClient[]> {
  const jwk = await exportJWK(await importX509(selfSigned, "ES256", { extractable: true }));
  const x5c = [selfSigned.replace(/-----.*?-----|\s/g, "")];
  const bound = { tls_client_certificate_bound_access_tokens: true };
  const known = { ...bound, token_endpoint_auth_method: "tls_client_auth" } as const;
  return [
    { client_id: "by-subject", ...known, tls_client_auth_subject_dn: "CN=my-client,O=Example" },
    { client_id: "by-dns-name", ...known, tls_client_auth_san_dns: "client.test" },
    { client_id: "by-uri", ...known, tls_client_auth_san_uri: "spiffe://example.test/my-client" },
    { client_id: "by-address", ...known, tls_client_auth_san_ip: "192.0.2.1" },
    {
      client_id: "by-certificate",
      ...bound,
      token_endpoint_auth_method: "self_signed_tls_client_auth",
      jwks: { keys: [{ ...jwk, x5c }] },
    },
    { client_id: "by-secret", ...bound, client_secret: secret },
  ];
}
