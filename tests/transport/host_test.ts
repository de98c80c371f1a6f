import { call } from "../servers/loopback.ts";
import { assertEquals, assertFalse, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError, ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import type { ClientCredentialsAuthenticatorOptions as Options } from "@m2m/authenticator";
import { denoTransport } from "@m2m/authenticator/transport/deno";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { startProxy } from "../servers/proxy.ts";
import { certificateAuthority } from "../servers/tls_certificates.ts";
import { knownClient, startTlsServer } from "../servers/tls_server.ts";

function build(more: Partial<Options>, origin = "https://api.test") {
  const configStore = new StaticClientConfigStore({ tokenEndpoint: `${origin}/token` });
  return new ClientCredentialsAuthenticator({ ...knownClient, endpoint: origin, configStore, ...more });
}

Deno.test("the constructor refuses invalid transport options, without showing them", () => {
  const urls = ["proxy.test:s3cret", "//user:s3cret@proxy.test", "socks5://user:s3cret@proxy.test"];
  const invalid: Partial<Options>[] = [
    ...urls.map((httpProxyUrl) => ({ httpProxyUrl })),
    { clientCertificate: { cert: "", key: "s3cret" } },
    { clientCertificate: { key: "s3cret" } as { cert: string; key: string } },
    { fetch, httpProxyUrl: "http://user:s3cret@proxy.test" },
    { fetch, clientCertificate: { cert: "c", key: "s3cret" } },
    { fetch, verify: "s3cret" },
  ];
  for (const more of invalid) assertFalse(assertThrows(() => build(more), TypeError).message.includes("s3cret"));
  // On Deno; the ways to do it are named.
  const { message } = assertThrows(() => build({ verify: false }), TypeError);
  assertMatch(message, /@m2m\/authenticator\/transport\/deno[^]*--unsafely-ignore-certificate-errors/);
});

Deno.test("the constructor refuses transport options where there is no transport, and says what to do", () => {
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator")!;
  const clientCertificate = { cert: "-----BEGIN CERTIFICATE-----", key: "-----BEGIN PRIVATE KEY-----" };
  const navigators = ["Cloudflare-Workers", "Mozilla/5.0 (X11; Linux x86_64)", ""].map((userAgent) => ({ userAgent }));
  for (const value of [...navigators, undefined]) {
    Object.defineProperty(globalThis, "navigator", { value, configurable: true });
    try {
      for (const more of [{ httpProxyUrl: "http://proxy.test" }, { verify: false }, { clientCertificate }]) {
        assertThrows(() => build(more), TypeError, "pass a fetch");
      }
      build({ httpProxyUrl: "", verify: true, clientCertificate: undefined });
    } finally {
      Object.defineProperty(globalThis, "navigator", own);
    }
  }
});

Deno.test("close: a closed authenticator stays closed, and calls under way end", async () => {
  await using server = await startTlsServer();
  await using proxy = await startProxy();
  const authenticator = build({ httpProxyUrl: proxy.url }, server.origin);
  const underWay = authenticator.fetch("/slow");
  await authenticator.getCredentials();
  await authenticator.close();
  assertEquals((await (await underWay).json()).method, "GET");

  await assertRejects(() => authenticator.fetch("/v1/projects"), DOMException, "closed");

  assertEquals(proxy.requests.length, 2);
  for (let count = 0; count < 2; count++) await authenticator.close();
});

Deno.test("denoTransport: works as soon as its file exists", async () => {
  await using server = await startTlsServer();
  await using folder = await temporaryFolder("verify_");
  const verify = `${folder.path}/ca.pem`;
  await using transport = denoTransport({ verify });
  const error = await assertRejects(() => transport.fetch(server.origin), AuthenticationError, "verify");
  assertEquals([error.code, error.retryable], ["invalid_config", false]);

  await Deno.writeTextFile(verify, (await certificateAuthority("Our CA")).pem);
  assertEquals(await call(transport, server.origin), 200);
});

Deno.test("denoTransport: rejects an aborted request with the signal's reason", async () => {
  await using transport = denoTransport({ httpProxyUrl: "http://127.0.0.1:9" });
  const reason = new Error("the caller has had enough");
  const signal = AbortSignal.abort(reason);
  assertEquals(await assertRejects(() => transport.fetch("http://127.0.0.1:9", { signal })), reason);
});
