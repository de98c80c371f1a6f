/** A client with a certificate, as data for all runtimes. @module */

/** The name of a certificate. */
export type CertificateName =
  | "of my client"
  | "of another client"
  | "of another organization"
  | "of another CA"
  | "that has expired"
  | "self-signed"
  | "self-signed by another";

/** What a client's certificate gets: a token, or the server's error code; and the config store's option. */
export type TlsCase = readonly [
  clientId: string,
  method: "tls_client_auth" | "self_signed_tls_client_auth" | "client_secret_basic",
  certificate: CertificateName | "none",
  gets: "a token" | "invalid_client" | "invalid_grant",
  useMtlsEndpointAliases?: boolean,
];

export interface TlsInput {
  readonly cases: readonly TlsCase[];
  readonly issuer: string;
  readonly api: string;
  /** The authority of both servers, as PEM text. */
  readonly authority: string;
  readonly certificates: Readonly<Record<CertificateName, { readonly cert: string; readonly key: string }>>;
  readonly secret: string;
}
