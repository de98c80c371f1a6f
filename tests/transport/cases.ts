/** The cases of the transports, the same for each runtime. @module */

/** What a runtime is called in the cases. */
export type RuntimeName = "Deno" | "old Deno" | "Bun" | "Node";

/** What a case sets up; each gets a proxy of its own. */
export interface Setup {
  /** The server that is called. Default: `plain`, without TLS. */
  readonly server?: "plain" | "good" | "expired" | "wrong host" | "mutual";
  readonly proxy?: "open" | "guarded" | "forbidding" | "broken" | "dead";
  /** The client's credentials for the proxy. */
  readonly login?: "right" | "wrong";
  readonly verify?: false | "our CA" | "our CA's file" | "another CA" | "no file" | "no certificate" | "damaged";
  readonly certificate?: "right" | "right, in files" | "another CA's" | "no file" | "no key" | "another's key";
}

/** Success, or the failure of the token request and of calls alike. */
export type Expected = "ok" | { readonly code: string; readonly retryable: boolean; readonly says: string };

/** A case, and what it ends in: on a runtime that can't tell as much in something else, of several in one. */
export type TransportCase = readonly [
  name: string,
  setup: Setup,
  expected?: Expected | Expected[],
  expectedOn?: Partial<Record<RuntimeName, Expected | Expected[]>>,
];

const fails = (code: string, says: string, retryable = false): Expected => ({ code, retryable, says });
const brokenOff = fails("network_error", "clientCertificate", true);
const handshake = fails("tls_failed", "clientCertificate");
const unverified = fails("tls_failed", "verify");
const proxyLogin = fails("proxy_failed", "requires credentials");
const proxyDead = fails("proxy_failed", "the proxy doesn't answer", true);
const forbidden = fails("proxy_failed", "(403)");
const invalid = (says: string) => fails("invalid_config", says);
/** Deno doesn't tell the proxy's status. */
const denoRefused = { Deno: fails("proxy_failed", "the proxy refused the tunnel", true) };
const lost = { "old Deno": [handshake, brokenOff] };

const tls = { server: "good", verify: "our CA" } as const;
const loose = { server: "good", verify: false } as const;
const mutual = { server: "mutual", verify: "our CA" } as const;
const guarded = { proxy: "guarded", login: "right" } as const;

export const cases: readonly TransportCase[] = [
  ["a proxy forwards plain requests", { proxy: "open" }],
  ["a proxy opens a tunnel for TLS", { ...tls, proxy: "open" }],
  ["a proxy gets credentials, plain", guarded],
  ["a proxy gets credentials, for a tunnel", { ...tls, ...guarded }],
  ["a proxy gets no credentials, plain", { proxy: "guarded" }, proxyLogin],
  ["a proxy gets no credentials, for a tunnel", { ...tls, proxy: "guarded" }, proxyLogin],
  ["a proxy gets wrong credentials, for a tunnel", { ...tls, proxy: "guarded", login: "wrong" }, proxyLogin],
  ["a proxy forbids the tunnel", { ...tls, proxy: "forbidding" }, forbidden, denoRefused],
  ["a proxy can't open the tunnel", { ...tls, proxy: "broken" }, fails("proxy_failed", "(502)", true), denoRefused],
  ["a proxy is dead, for plain requests", { proxy: "dead" }, proxyDead],
  ["a proxy is dead, for TLS", { ...tls, proxy: "dead" }, proxyDead],

  ["a private CA is given as PEM text", tls],
  ["a private CA is given as a file", { server: "good", verify: "our CA's file" }],
  ["a private CA isn't given", { server: "good", certificate: "right" }, unverified],
  ["another CA is given", { server: "good", verify: "another CA" }, unverified],
  ["nothing is verified", loose],
  ["nothing is verified, through a tunnel", { ...loose, proxy: "open" }],
  ["nothing is verified, through a guarded tunnel", { ...loose, ...guarded }],
  ["nothing is verified, and the proxy gets no credentials", { ...loose, proxy: "guarded" }, proxyLogin],
  ["nothing is verified, and the proxy forbids the tunnel", { ...loose, proxy: "forbidding" }, forbidden],
  ["nothing is verified, and the proxy is dead", { ...loose, proxy: "dead" }, proxyDead],
  ["nothing is verified, of a server without TLS", { verify: false }],
  ["a certificate has expired", { ...tls, server: "expired" }, unverified],
  ["a certificate has expired, and nothing is verified", { ...loose, server: "expired" }],
  ["a certificate is for another host", { ...tls, server: "wrong host" }, unverified],
  ["a certificate is for another host, behind a proxy", { ...tls, server: "wrong host", proxy: "open" }, unverified],
  ["a certificate is for another host, and nothing is verified", { ...loose, server: "wrong host" }],

  ["a client certificate is shown", { ...mutual, certificate: "right" }],
  ["a client certificate is shown, from files", { ...mutual, verify: "our CA's file", certificate: "right, in files" }],
  ["a client certificate is shown through a proxy", { ...mutual, proxy: "open", certificate: "right" }],
  ["a client certificate is shown, and nothing is verified", { ...mutual, verify: false, certificate: "right" }],
  // Undici doesn't tell why the connection ended; the others only if the server's alert is read before it closes.
  ["no client certificate is shown", mutual, [handshake, brokenOff], { Node: brokenOff }],
  ["a client certificate of another CA is shown", { ...mutual, certificate: "another CA's" }, brokenOff],

  ["the CA's file doesn't exist", { server: "good", verify: "no file" }, invalid("verify (ENOENT)")],
  ["the CA's file holds no certificate", { server: "good", verify: "no certificate" }, invalid("verify: it must be")],
  // Node reads over it.
  ["the CA's certificate is damaged", { server: "good", verify: "damaged" }, invalid("damaged"), { Node: unverified }],
  // The old Deno doesn't compare them, and the server's alert may be lost as above.
  [
    "the client certificate's key is another's",
    { ...mutual, certificate: "another's key" },
    invalid("isn't the"),
    lost,
  ],
  ["the client certificate's file doesn't exist", { ...mutual, certificate: "no file" }, invalid(".cert (ENOENT)")],
  ["the client certificate's key isn't one", { ...mutual, certificate: "no key" }, invalid(".key: it must be")],
];
