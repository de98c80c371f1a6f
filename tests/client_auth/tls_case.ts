/**
 * A client that shows a certificate, as data: who it says it is, what it shows, and what is to come of it. Told to
 * programs on all runtimes.
 *
 * @module
 */

/** A certificate of the stage, by its name. */
export type CertificateName =
  | "of my client"
  | "of another client"
  | "of another organization"
  | "of another CA"
  | "that has expired"
  | "self-signed"
  | "self-signed by another";

export interface TlsCase {
  readonly name: string;
  readonly clientId: string;
  readonly method: "tls_client_auth" | "self_signed_tls_client_auth" | "client_secret_basic";
  /** What is shown. Default: nothing. */
  readonly certificate?: CertificateName;
  /** The store's `useMtlsEndpointAliases`. Default: not set. */
  readonly useMtlsEndpointAliases?: boolean;
  /** What is to come of it: a token, or the server's refusal. */
  readonly gets: "a token" | "invalid_client" | "invalid_request" | "invalid_grant";
}

/** What a program is told. */
export interface TlsInput {
  readonly cases: readonly TlsCase[];
  readonly issuer: string;
  readonly api: string;
  /** The authority of both servers, as PEM text. */
  readonly authority: string;
  readonly certificates: Readonly<Record<CertificateName, { readonly cert: string; readonly key: string }>>;
  readonly secret: string;
}

/** What came of a case. */
export type TlsOutcome =
  | {
    readonly gets: "a token";
    /** What the API answers to the token with the certificate it is bound to, with another one, and with none. */
    readonly api: readonly [own: number, another: number, none: number];
    /** The thumbprint that the token names. */
    readonly bound: string | undefined;
  }
  | {
    readonly gets: string | undefined;
    readonly error: readonly [name: string, code: string, status: number, retryable: boolean];
    /** All that can be printed of the error. */
    readonly printed: string;
  };

/** By the case's name. */
export type TlsOutput = Readonly<Record<string, TlsOutcome>>;
