/**
 * A real authorization server and an API with mutual TLS, and certificates for both.
 *
 * @module
 */

import { exportJWK, importX509 } from "jose";
import { type RegisteredClient, startAuthorizationServer } from "../servers/authorization_server.ts";
import { startMtlsProtectedApi } from "../servers/mtls_protected_api.ts";
import { certificateAuthority, certify, type KeyPair } from "../servers/tls_certificates.ts";
import { testKey } from "./signing_keys.ts";

const secret = "s3cret-of-the-client-4711";

const mutual = "tls_client_auth";
const selfSigned = "self_signed_tls_client_auth";
const basic = "client_secret_basic";

/** The client, its certificate, what it gets, a token or the server's error code; and the config store's option. */
export type TlsCase = readonly [
  clientId: string,
  method: typeof mutual | typeof selfSigned | typeof basic,
  certificate: string,
  gets: string,
  useMtlsEndpointAliases?: boolean,
];

export const cases: readonly TlsCase[] = [
  ["by-subject", mutual, "of my client", "a token"],
  ["by-dns-name", mutual, "of my client", "a token"],
  ["by-uri", mutual, "of my client", "a token"],
  ["by-address", mutual, "of my client", "a token"],
  ["by-certificate", selfSigned, "self-signed", "a token"],
  ["by-secret", basic, "self-signed", "a token", true],
  // Where the server requests no certificate.
  ["by-secret", basic, "self-signed", "invalid_grant"],
  ["by-subject", mutual, "of my client", "invalid_client", false],
  ["by-subject", mutual, "none", "invalid_client"],
  ["by-subject", mutual, "of another client", "invalid_client"],
  ["by-subject", mutual, "of another organization", "invalid_client"],
  ["by-subject", mutual, "of another CA", "invalid_client"],
  ["by-subject", mutual, "that has expired", "invalid_client"],
  ["by-subject", mutual, "self-signed", "invalid_client"],
  ["by-dns-name", mutual, "of another client", "invalid_client"],
  ["by-certificate", selfSigned, "none", "invalid_client"],
  ["by-certificate", selfSigned, "self-signed by another", "invalid_client"],
  ["by-certificate", selfSigned, "of my client", "invalid_client"],
  ["unknown", mutual, "of my client", "invalid_client"],
];

/** Starts both servers. For `sharesSessions` see `MutualTls`. */
export async function setTlsStage(sharesSessions = true) {
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
  const certificates = {
    "of my client": await ours.issue(mine),
    "of another client": await ours.issue({ ...mine, subject: "another", hosts: ["another.test"] }),
    "of another organization": await ours.issue({ ...mine, organization: "Other" }),
    "of another CA": await others.issue(mine),
    "that has expired": await ours.issue({ ...mine, expiresIn: -60_000 }),
    "self-signed": await certify(mine),
    "self-signed by another": await certify(mine),
  };
  const named: typeof certificates & Record<string, KeyPair> = certificates;
  const server = stack.use(
    await startAuthorizationServer({
      mutualTls: { certificate, clientAuthority: ours.pem, sharesSessions },
      clients: await makeClients(certificates["self-signed"].cert),
    }),
  );
  const { issuer, jwksUri } = server;
  const api = stack.use(await startMtlsProtectedApi({ certificate, authority: ours.pem, issuer, jwksUri }));
  const input = { cases, issuer, api: api.origin, authority: ours.pem, certificates: named, secret };
  /** Strings that must not be shown. */
  const secrets = [
    secret,
    btoa(`by-secret:${secret}`),
    ...Object.values(certificates).flatMap(({ key }) => key.split("\n").filter((line) => line.length === 64)),
  ];
  return Object.assign(stack.move(), { server, api, input, secrets });
}

export type TlsInput = Awaited<ReturnType<typeof setTlsStage>>["input"];

async function makeClients(certificate: string): Promise<RegisteredClient[]> {
  const jwk = await exportJWK(await importX509(certificate, "ES256", { extractable: true }));
  const x5c = [certificate.replace(/-----.*?-----|\s/g, "")];
  const bound = { tls_client_certificate_bound_access_tokens: true };
  const known = { ...bound, token_endpoint_auth_method: mutual } as const;
  return [
    { client_id: "by-subject", ...known, tls_client_auth_subject_dn: "CN=my-client,O=Example" },
    { client_id: "by-dns-name", ...known, tls_client_auth_san_dns: "client.test" },
    { client_id: "by-uri", ...known, tls_client_auth_san_uri: "spiffe://example.test/my-client" },
    { client_id: "by-address", ...known, tls_client_auth_san_ip: "192.0.2.1" },
    {
      client_id: "by-certificate",
      ...known,
      token_endpoint_auth_method: selfSigned,
      jwks: { keys: [{ ...jwk, x5c }] },
    },
    { client_id: "by-secret", ...bound, client_secret: secret },
    {
      client_id: "by-key",
      ...bound,
      token_endpoint_auth_method: "private_key_jwt",
      jwks: { keys: [(await testKey("ES256")).publicJwk] },
    },
  ];
}
