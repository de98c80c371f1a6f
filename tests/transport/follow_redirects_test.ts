import { assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

interface Seen {
  readonly path: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: string;
}

/** A server on loopback that redirects `/STATUS?to=URL` and answers everything else; it keeps what it saw. */
function startServer(): AsyncDisposable & { origin: string; seen: Seen[] } {
  const seen: Seen[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const url = new URL(request.url);
    seen.push({
      path: url.pathname,
      method: request.method,
      headers: request.headers,
      body: await request.text(),
    });
    const status = Number(url.pathname.slice(1));
    if (url.pathname === "/endless") {
      return new Response(null, { status: 302, headers: { location: "/endless" } });
    }
    const location = url.searchParams.get("to");
    return status && location ? new Response(null, { status, headers: { location } }) : new Response("home");
  });
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    seen,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function authenticatorFor(
  endpoint: string,
  headerKey?: string,
  allowedOrigins?: string[],
): ClientCredentialsAuthenticator {
  const stub = tokenEndpointStub();
  return new ClientCredentialsAuthenticator({
    endpoint,
    clientId: "id",
    clientSecret: "s3cret",
    headerKey,
    allowedOrigins,
    configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
    fetch: (input, init) => String(input) === stub.url ? stub.fetch(input, init) : fetch(input, init),
  });
}

for (const headerKey of ["authorization", "flyte-authorization"]) {
  Deno.test(`${headerKey} follows a redirect within the origin, and none that leaves it`, async () => {
    await using home = startServer();
    await using stranger = startServer();
    const authenticator = authenticatorFor(home.origin, headerKey);
    const own = { headers: { cookie: "mine=1", "x-kept": "1" } };
    await (await authenticator.fetch("/302?to=/there", own)).body?.cancel();
    await (await authenticator.fetch(`/302?to=${stranger.origin}/there`, own)).body?.cancel();
    await (await authenticator.fetch(`/302?to=${stranger.origin}/302?to=${home.origin}/back`, own)).body
      ?.cancel();
    assertEquals(home.seen.map(({ path, headers }) => [path, headers.get(headerKey)]), [
      ["/302", "Bearer token-1"],
      ["/there", "Bearer token-1"],
      ["/302", "Bearer token-1"],
      ["/302", "Bearer token-1"],
      ["/back", null],
    ]);
    assertEquals(stranger.seen.map(({ path }) => path), ["/there", "/302"]);
    for (const { headers } of stranger.seen) {
      assertEquals([headers.has(headerKey), headers.has("cookie"), headers.get("x-kept")], [
        false,
        false,
        "1",
      ]);
    }
  });
}

Deno.test("an origin that is allowed gets the token as well, by call and by redirect, and no third one", async () => {
  await using home = startServer();
  await using friend = startServer();
  await using stranger = startServer();
  const authenticator = authenticatorFor(home.origin, undefined, [`${friend.origin}/any/path`]);
  await (await authenticator.fetch(`${friend.origin}/direct`)).body?.cancel();
  await (await authenticator.fetch(`/302?to=${friend.origin}/there`)).body?.cancel();
  await (await authenticator.fetch(`${friend.origin}/302?to=${stranger.origin}/302?to=${friend.origin}/back`)).body
    ?.cancel();
  assertEquals(friend.seen.map(({ path, headers }) => [path, headers.get("authorization")]), [
    ["/direct", "Bearer token-1"],
    ["/there", "Bearer token-1"],
    ["/302", "Bearer token-1"],
    ["/back", null],
  ]);
  assertEquals(stranger.seen.map(({ headers }) => headers.get("authorization")), [null]);
});

Deno.test("the caller's own credential doesn't leave the origin either", async () => {
  await using home = startServer();
  await using stranger = startServer();
  const authenticator = authenticatorFor(home.origin, "flyte-authorization");
  const headers = { "flyte-authorization": "Bearer mine", authorization: "Basic mine" };
  await (await authenticator.fetch(`/307?to=${stranger.origin}/there`, { headers })).body?.cancel();
  const seen = stranger.seen[0];
  assertEquals([seen?.headers.has("flyte-authorization"), seen?.headers.has("authorization")], [
    false,
    false,
  ]);
});

Deno.test("method and body change with the status just as the runtime's own fetch has it", async () => {
  await using home = startServer();
  const authenticator = authenticatorFor(home.origin);
  for (const status of [301, 302, 303, 307, 308]) {
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE"]) {
      const url = `${home.origin}/${status}?to=/there`;
      const init = { method, ...method === "POST" || method === "PUT" ? { body: "text" } : {} };
      home.seen.length = 0;
      await (await fetch(url, init)).body?.cancel();
      await (await authenticator.fetch(url, init)).body?.cancel();
      await (await authenticator.fetch(new Request(url, init))).body?.cancel();
      const shape = (
        { path, method, headers, body }: Seen,
      ) => [path, method, headers.get("content-type"), body];
      const [, native, , ours, , oursFromRequest] = home.seen.map(shape);
      assertEquals(ours, native, `${method} ${status}`);
      assertEquals(oursFromRequest, native, `${method} ${status} from a Request`);
    }
  }
});

Deno.test("a redirect of a stream can't be followed: the caller gets the redirect", async () => {
  await using home = startServer();
  const body = ReadableStream.from(["text"]).pipeThrough(new TextEncoderStream());
  const response = await authenticatorFor(home.origin).fetch("/307?to=/there", { method: "POST", body });
  await response.body?.cancel();
  assertEquals([response.status, home.seen.length], [307, 1]);
});

Deno.test("what the caller says of redirects is done", async () => {
  await using home = startServer();
  const authenticator = authenticatorFor(home.origin);
  const manual = await authenticator.fetch("/302?to=/there", { redirect: "manual" });
  await manual.body?.cancel();
  assertEquals([manual.status, home.seen.length], [302, 1]);
  await assertRejects(() => authenticator.fetch("/302?to=/there", { redirect: "error" }), TypeError);
});

Deno.test("a redirect without a place to go is an answer, and an endless one an error", async () => {
  await using home = startServer();
  const authenticator = authenticatorFor(home.origin);
  for (const to of ["javascript:alert(1)", "http://["]) {
    const response = await authenticator.fetch(`/302?to=${encodeURIComponent(to)}`);
    await response.body?.cancel();
    assertEquals(response.status, 302);
  }
  home.seen.length = 0;
  await assertRejects(() => authenticator.fetch("/302?to=/endless"), TypeError, "more than 20 redirects");
  assertEquals(home.seen.length, 21);
});

Deno.test("browsers hide where a redirect leads: what can't go wrong is followed, the rest refused", async () => {
  const stub = tokenEndpointStub();
  const opaque = new Response(null);
  Object.defineProperties(opaque, { type: { value: "opaqueredirect" }, status: { value: 0 }, ok: { value: false } });
  const modes: unknown[] = [];
  const build = (headerKey: string) =>
    new ClientCredentialsAuthenticator({
      endpoint: "https://api.test",
      clientId: "id",
      clientSecret: "s3cret",
      headerKey,
      configStore: new StaticClientConfigStore({ tokenEndpoint: stub.url }),
      fetch: (input, init) => {
        if (String(input) === stub.url) return stub.fetch(input, init);
        modes.push(init?.redirect);
        return Promise.resolve(init?.redirect === "manual" ? opaque : new Response("followed"));
      },
    });
  assertEquals(await (await build("authorization").fetch("/")).text(), "followed");
  assertEquals(modes, ["manual", "follow"]);
  const refused = [
    () => build("flyte-authorization").fetch("/"),
    () => build("authorization").fetch("/", { method: "POST", body: "once" }),
  ];
  for (const call of refused) {
    assertEquals((await assertRejects(call, AuthenticationError)).code, "redirect_refused");
  }
});
