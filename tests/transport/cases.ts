/** The cases of the transports, the same for each runtime. @module */

import type { Expected, TransportCase } from "./case.ts";

const ok: Expected = { ok: true };
const brokenOff: Expected = { code: "network_error", retryable: true, says: "clientCertificate" };
const handshake: Expected = { code: "tls_failed", retryable: false, says: "clientCertificate" };
const unknownAuthority: Expected = { code: "tls_failed", retryable: false, says: "verify" };
const proxyLogin: Expected = { code: "proxy_failed", retryable: false, says: "the proxy wants credentials" };
const proxyDead: Expected = { code: "proxy_failed", retryable: true, says: "the proxy doesn't answer" };

export const cases: readonly TransportCase[] = [
  { name: "a proxy passes plain requests on", proxy: "open", expected: ok },
  { name: "a proxy opens a tunnel for TLS", proxy: "open", server: "good", verify: "our CA", expected: ok },
  { name: "a proxy wants credentials, plain, and gets them", proxy: "guarded", login: "right", expected: ok },
  {
    name: "a proxy wants credentials for a tunnel, and gets them",
    proxy: "guarded",
    login: "right",
    server: "good",
    verify: "our CA",
    expected: ok,
  },
  { name: "a proxy wants credentials, plain, and gets none", proxy: "guarded", expected: proxyLogin },
  {
    name: "a proxy wants credentials for a tunnel, and gets none",
    proxy: "guarded",
    server: "good",
    verify: "our CA",
    expected: proxyLogin,
  },
  {
    name: "a proxy wants credentials for a tunnel, and gets others",
    proxy: "guarded",
    login: "wrong",
    server: "good",
    verify: "our CA",
    expected: proxyLogin,
  },
  {
    name: "a proxy forbids the tunnel",
    proxy: "forbidding",
    server: "good",
    verify: "our CA",
    expected: { code: "proxy_failed", retryable: false, says: "(403)" },
    // Deno doesn't tell the proxy's status.
    expectedOn: { Deno: { code: "proxy_failed", retryable: true, says: "the proxy refused the tunnel" } },
  },
  {
    name: "a proxy can't open the tunnel",
    proxy: "broken",
    server: "good",
    verify: "our CA",
    expected: { code: "proxy_failed", retryable: true, says: "(502)" },
    expectedOn: { Deno: { code: "proxy_failed", retryable: true, says: "the proxy refused the tunnel" } },
  },
  { name: "a proxy is dead, for plain requests", proxy: "dead", expected: proxyDead },
  { name: "a proxy is dead, for TLS", proxy: "dead", server: "good", verify: "our CA", expected: proxyDead },

  { name: "a private CA is given as PEM text", server: "good", verify: "our CA", expected: ok },
  { name: "a private CA is given as a file", server: "good", verify: "our CA's file", expected: ok },
  { name: "a private CA isn't given", server: "good", certificate: "right", expected: unknownAuthority },
  { name: "another CA is given", server: "good", verify: "another CA", expected: unknownAuthority },
  { name: "nothing is verified", server: "good", verify: false, expected: ok },
  { name: "nothing is verified, through a tunnel", server: "good", proxy: "open", verify: false, expected: ok },
  {
    name: "nothing is verified, through a guarded tunnel",
    server: "good",
    proxy: "guarded",
    login: "right",
    verify: false,
    expected: ok,
  },
  {
    name: "nothing is verified, and the proxy wants credentials",
    server: "good",
    proxy: "guarded",
    verify: false,
    expected: proxyLogin,
  },
  {
    name: "nothing is verified, and the proxy forbids the tunnel",
    server: "good",
    proxy: "forbidding",
    verify: false,
    expected: { code: "proxy_failed", retryable: false, says: "(403)" },
  },
  {
    name: "nothing is verified, and the proxy is dead",
    server: "good",
    proxy: "dead",
    verify: false,
    expected: proxyDead,
  },
  { name: "nothing is verified, of a server without TLS", verify: false, expected: ok },
  {
    name: "a certificate has expired",
    server: "expired",
    verify: "our CA",
    expected: { code: "tls_failed", retryable: false, says: "verify" },
  },
  { name: "a certificate has expired, and nothing is verified", server: "expired", verify: false, expected: ok },
  {
    name: "a certificate is for another host",
    server: "wrong host",
    verify: "our CA",
    expected: { code: "tls_failed", retryable: false, says: "verify" },
  },
  {
    name: "a certificate is for another host, behind a proxy",
    server: "wrong host",
    proxy: "open",
    verify: "our CA",
    expected: { code: "tls_failed", retryable: false, says: "verify" },
  },
  {
    name: "a certificate is for another host, and nothing is verified",
    server: "wrong host",
    verify: false,
    expected: ok,
  },

  {
    name: "the right client certificate is shown",
    server: "mutual",
    verify: "our CA",
    certificate: "right",
    expected: ok,
  },
  {
    name: "the right client certificate is shown, from files",
    server: "mutual",
    verify: "our CA's file",
    certificate: "right, in files",
    expected: ok,
  },
  {
    name: "the right client certificate is shown through a proxy",
    server: "mutual",
    proxy: "open",
    verify: "our CA",
    certificate: "right",
    expected: ok,
  },
  {
    name: "the right client certificate is shown, and nothing is verified",
    server: "mutual",
    verify: false,
    certificate: "right",
    expected: ok,
  },
  {
    name: "no client certificate is shown",
    server: "mutual",
    verify: "our CA",
    expected: handshake,
    // Undici doesn't tell why the connection ended; the others only if the server's alert is read before it closes.
    expectedOn: {
      "Node": brokenOff,
      "Bun": [handshake, brokenOff],
      "Deno": [handshake, brokenOff],
      "old Deno": [handshake, brokenOff],
    },
  },
  {
    name: "a client certificate of another CA is shown",
    server: "mutual",
    verify: "our CA",
    certificate: "another CA's",
    expected: brokenOff,
  },

  {
    name: "the CA's file doesn't exist",
    server: "good",
    verify: "no file",
    expected: { code: "invalid_config", retryable: false, says: "verify (ENOENT)" },
  },
  {
    name: "the CA's file holds no certificate",
    server: "good",
    verify: "no certificate",
    expected: { code: "invalid_config", retryable: false, says: "verify: it must be a certificate" },
  },
  {
    name: "the CA's certificate is damaged",
    server: "good",
    verify: "damaged",
    expected: { code: "invalid_config", retryable: false, says: "damaged" },
    // Node reads over it.
    expectedOn: { Node: unknownAuthority },
  },
  {
    name: "the client certificate's key is another's",
    server: "mutual",
    verify: "our CA",
    certificate: "another's key",
    expected: { code: "invalid_config", retryable: false, says: "isn't the certificate's" },
    // It doesn't compare them, and what the server says of it may be lost as above.
    expectedOn: { "old Deno": [handshake, brokenOff] },
  },
  {
    name: "the client certificate's file doesn't exist",
    server: "mutual",
    verify: "our CA",
    certificate: "no file",
    expected: { code: "invalid_config", retryable: false, says: "clientCertificate.cert (ENOENT)" },
  },
  {
    name: "the client certificate's key isn't one",
    server: "mutual",
    verify: "our CA",
    certificate: "no key",
    expected: { code: "invalid_config", retryable: false, says: "clientCertificate.key: it must be a private key" },
  },
];
