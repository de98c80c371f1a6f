/**
 * A case of a transport as data: what stands between client and server, and what is to come of it.
 *
 * @module
 */

/** What a runtime is called in the cases. */
export type RuntimeName = "Deno" | "old Deno" | "Bun" | "Node";

/** A case. What it names is put up anew for each. */
export interface TransportCase {
  readonly name: string;
  /** The server that is called. Default: one without TLS. */
  readonly server?: "good" | "expired" | "wrong host" | "mutual";
  /** The proxy on the way. Default: none. */
  readonly proxy?: "open" | "guarded" | "forbidding" | "broken" | "dead";
  /** Who the client is to the proxy. Default: nobody. */
  readonly login?: "right" | "wrong";
  /** What `verify` says. Default: nothing. */
  readonly verify?: false | "our CA" | "our CA's file" | "another CA" | "no file" | "no certificate" | "damaged";
  /** The client's certificate. Default: none. */
  readonly certificate?: "right" | "right, in files" | "another CA's" | "no file" | "no key" | "another's key";
  /** What is to come of it; on a runtime that can't tell more, something else, or one of several. */
  readonly expected: Expected;
  readonly expectedOn?: Partial<Record<RuntimeName, Expected | readonly Expected[]>>;
}

/** Success, or the failure of the token request and of a call alike. */
export type Expected =
  | { readonly ok: true }
  | { readonly code: string; readonly retryable: boolean; readonly says: string };

/** A case as the program on the runtime gets it. */
export interface PreparedCase {
  readonly name: string;
  readonly origin: string;
  readonly options: {
    readonly httpProxyUrl?: string;
    readonly verify?: boolean | string;
    readonly clientCertificate?: { readonly cert: string; readonly key: string };
  };
}

/** What came of one attempt to do something. */
export type Outcome =
  | { readonly ok: true; readonly status?: number; readonly seen?: Record<string, unknown> }
  | {
    readonly ok: false;
    readonly name: string;
    readonly code?: string;
    readonly retryable?: boolean;
    readonly printed: string;
    readonly message: string;
  };

/** What came of a case, made in one of the two ways. */
export interface CaseResult {
  readonly name: string;
  readonly way: "constructor" | "transport";
  readonly token: Outcome;
  /** Token requests the renewal has started. */
  readonly attempts: number;
  /** A call with the token. */
  readonly call: Outcome;
  /** A call without one, of another origin than the endpoint's. */
  readonly bareCall: Outcome;
}
