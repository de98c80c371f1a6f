import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  StaticClientConfigStore,
} from "@m2m/authenticator";
import { denoTransport } from "@m2m/authenticator/transport/deno";
import { startProxy } from "../servers/proxy.ts";
import { certificateAuthority } from "../servers/tls_certificates.ts";
import { knownClient, startTlsServer } from "../servers/tls_server.ts";

const { clientId, clientSecret } = knownClient;

function settings(origin: string, more: Partial<ClientCredentialsAuthenticatorOptions> = {}) {
  return {
    clientId,
    clientSecret,
    endpoint: origin,
    configStore: new StaticClientConfigStore({ tokenEndpoint: `${origin}/token` }),
    ...more,
  };
}

const api = "https://api.test";

/** Runs `work` where `navigator` is another's. */
function onRuntime(navigator: unknown, work: () => void): void {
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator")!;
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  try {
    work();
  } finally {
    Object.defineProperty(globalThis, "navigator", own);
  }
}

const webRuntimes = {
  "Cloudflare Workers": { userAgent: "Cloudflare-Workers" },
  "a browser": { userAgent: "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36" },
  "an edge runtime without navigator": undefined,
  "an edge runtime that doesn't say what it is": { userAgent: "" },
};
for (const [what, navigator] of Object.entries(webRuntimes)) {
  Deno.test(`on ${what} the constructor says at once that there is no proxy and no verify, and what to do`, () => {
    const certificate = { cert: "-----BEGIN CERTIFICATE-----", key: "-----BEGIN PRIVATE KEY-----" };
    for (const more of [{ httpProxyUrl: "http://proxy.test" }, { verify: false }, { clientCertificate: certificate }]) {
      onRuntime(navigator, () => {
        assertThrows(
          () => new ClientCredentialsAuthenticator(settings(api, more)),
          TypeError,
          "can't be done on this runtime: pass a fetch that does it",
        );
      });
    }
    onRuntime(navigator, () => {
      new ClientCredentialsAuthenticator(
        settings(api, { httpProxyUrl: "", verify: true, clientCertificate: undefined }),
      );
    });
  });
}

Deno.test("what can't be a proxy or a client certificate is refused by the constructor, without showing it", () => {
  const wrong: Partial<ClientCredentialsAuthenticatorOptions>[] = [
    { httpProxyUrl: "proxy.test:s3cret" },
    { httpProxyUrl: "//user:s3cret@proxy.test" },
    { httpProxyUrl: "socks5://user:s3cret@proxy.test" },
    { clientCertificate: { cert: "", key: "s3cret" } },
    { clientCertificate: { key: "s3cret" } as { cert: string; key: string } },
    { fetch, httpProxyUrl: "http://user:s3cret@proxy.test" },
    { fetch, clientCertificate: { cert: "c", key: "s3cret" } },
    { fetch, verify: "s3cret" },
  ];
  for (const more of wrong) {
    const error = assertThrows(() => new ClientCredentialsAuthenticator(settings(api, more)), TypeError);
    assert(!error.message.includes("s3cret"), error.message);
  }
});

Deno.test("an authenticator that was closed stays closed, and answers under way come to their end", async () => {
  await using server = await startTlsServer();
  await using proxy = await startProxy();
  const authenticator = new ClientCredentialsAuthenticator(settings(server.origin, { httpProxyUrl: proxy.url }));
  const underWay = authenticator.fetch("/slow");
  await authenticator.getCredentials();
  await authenticator.close();
  assertEquals((await (await underWay).json()).method, "GET");

  await assertRejects(() => authenticator.fetch("/v1/projects"), DOMException, "closed");

  assertEquals(proxy.requests.length, 2);
  await authenticator.close();
  await authenticator.close();
});

Deno.test("a transport whose file isn't there yet works as soon as it is", async () => {
  await using server = await startTlsServer();
  const folder = await Deno.makeTempDir();
  const transport = denoTransport({ verify: `${folder}/ca.pem` });
  const error = await assertRejects(() => transport.fetch(server.origin), AuthenticationError);
  assertEquals([error.code, error.retryable], ["invalid_config", false]);
  assertStringIncludes(error.message, "verify");

  await Deno.writeTextFile(`${folder}/ca.pem`, (await certificateAuthority("Our CA")).pem);
  const response = await transport.fetch(server.origin);

  assertEquals(response.status, 200);
  await response.body?.cancel();
  await transport.close();
  await Deno.remove(folder, { recursive: true });
});

Deno.test("an abort by the caller stays what it is", async () => {
  await using server = await startTlsServer();
  await using proxy = await startProxy();
  await using transport = denoTransport({ httpProxyUrl: proxy.url });
  const reason = new Error("the caller has had enough");

  const error = await assertRejects(() => transport.fetch(server.origin, { signal: AbortSignal.abort(reason) }));

  assertEquals(error, reason);
});
