import { assertEquals, assertThrows } from "@std/assert";
import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { startAuthorizationServer } from "../servers/authorization_server.ts";

/** An HTTP proxy on loopback, for plain requests; it wants credentials where told so. */
function startProxy(basic?: string): AsyncDisposable & { url: string; seen: string[] } {
  const seen: string[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    seen.push(request.url);
    if (basic && request.headers.get("proxy-authorization") !== `Basic ${btoa(basic)}`) {
      return new Response(null, { status: 407 });
    }
    const headers = new Headers(request.headers);
    for (const name of ["proxy-authorization", "proxy-connection", "host", "connection"]) {
      headers.delete(name);
    }
    return await fetch(request.url, { method: request.method, headers, body: await request.text() || null });
  });
  return {
    url: `http://${basic ? `${basic}@` : ""}127.0.0.1:${server.addr.port}`,
    seen,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const client = { clientId: "id", clientSecret: "s3cret" };

for (const basic of [undefined, "user:pass"]) {
  Deno.test(`on Deno requests go through httpProxyUrl${basic ? ", with its credentials" : ""}`, async () => {
    await using server = await startAuthorizationServer({
      clients: [{ client_id: "id", client_secret: "s3cret" }],
    });
    await using proxy = startProxy(basic);
    await using authenticator = new ClientCredentialsAuthenticator({
      ...client,
      endpoint: server.issuer,
      configStore: new StaticClientConfigStore({ tokenEndpoint: server.tokenEndpoint }),
      httpProxyUrl: proxy.url,
    });
    const response = await authenticator.fetch("/.well-known/openid-configuration");
    await response.body?.cancel();
    assertEquals(response.status, 200);
    assertEquals(proxy.seen, [server.tokenEndpoint, `${server.issuer}/.well-known/openid-configuration`]);
  });
}

Deno.test("verify: false is refused on Deno, with the flag and the better way named", () => {
  assertThrows(
    () =>
      new ClientCredentialsAuthenticator({
        ...client,
        endpoint: "https://api.test",
        configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.test/token" }),
        verify: false,
      }),
    TypeError,
    "--unsafely-ignore-certificate-errors",
  );
});
