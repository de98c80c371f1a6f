import { assertEquals, assertRejects } from "@std/assert";
import {
  AuthenticationError,
  type ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
} from "@m2m/authenticator";
import { authenticatorAt } from "../authenticator_at.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

type Seen = Pick<Request, "method" | "headers"> & { path: string; text: string };

/** A server on loopback that redirects `/STATUS?to=URL`, and answers everything else. */
function startServer(): AsyncDisposable & { origin: string; seen: Seen[] } {
  const seen: Seen[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const { method, headers } = request;
    seen.push({ path: pathname, method, headers, text: await request.text() });
    const location = pathname === "/endless" ? pathname : searchParams.get("to");
    const status = pathname === "/endless" ? 302 : Number(pathname.slice(1));
    return status && location ? new Response(null, { status, headers: { location } }) : new Response("home");
  });
  const origin = `http://127.0.0.1:${server.addr.port}`;
  return { origin, seen, [Symbol.asyncDispose]: () => server.shutdown() };
}

function build(options: Partial<ClientCredentialsAuthenticatorOptions>, send: typeof fetch = fetch) {
  const stub = tokenEndpointStub();
  const both: typeof fetch = (input, init) => String(input) === stub.url ? stub.fetch(input, init) : send(input, init);
  return authenticatorAt(stub, { ...options, fetch: both });
}

async function call({ fetch }: Pick<ClientCredentialsAuthenticator, "fetch">, ...args: Parameters<typeof fetch>) {
  const response = await fetch(...args);
  await response.body?.cancel();
  return response.status;
}

const show = (seen: readonly Seen[], header: string) => seen.map(({ path, headers }) => [path, headers.get(header)]);

for (const headerKey of ["authorization", "flyte-authorization"]) {
  Deno.test(`fetch: takes ${headerKey} along a redirect within the origin, and to no other`, async () => {
    await using home = startServer();
    await using other = startServer();
    const authenticator = build({ endpoint: home.origin, headerKey });
    const own = { headers: { cookie: "mine=1", "x-kept": "1" } };
    await call(authenticator, "/302?to=/there", own);
    await call(authenticator, `/302?to=${other.origin}/there`, own);
    await call(authenticator, `/302?to=${other.origin}/302?to=${home.origin}/back`, own);

    const token = "Bearer token-1";
    const atHome = [["/302", token], ["/there", token], ["/302", token], ["/302", token], ["/back", null]];
    assertEquals(show(home.seen, headerKey), atHome);
    assertEquals(show(other.seen, headerKey), [["/there", null], ["/302", null]]);
    assertEquals(other.seen.map(({ headers }) => [headers.get("cookie"), headers.get("x-kept")]), [
      [null, "1"],
      [null, "1"],
    ]);
  });
}

Deno.test("fetch: takes the token to an allowed origin, by call and by redirect, and to no third one", async () => {
  await using home = startServer();
  await using allowed = startServer();
  await using other = startServer();
  const authenticator = build({ endpoint: home.origin, allowedOrigins: [`${allowed.origin}/any/path`] });
  await call(authenticator, `${allowed.origin}/direct`);
  await call(authenticator, `/302?to=${allowed.origin}/there`);
  await call(authenticator, `${allowed.origin}/302?to=${other.origin}/302?to=${allowed.origin}/back`);

  const token = "Bearer token-1";
  const atAllowed = [["/direct", token], ["/there", token], ["/302", token], ["/back", null]];
  assertEquals(show(allowed.seen, "authorization"), atAllowed);
  assertEquals(show(other.seen, "authorization"), [["/302", null]]);
});

Deno.test("fetch: takes the caller's own credential to no other origin", async () => {
  await using home = startServer();
  await using other = startServer();
  const headers = { "flyte-authorization": "Bearer mine", authorization: "Basic mine" };
  await call(build({ endpoint: home.origin, headerKey: "flyte-authorization" }), `/307?to=${other.origin}/there`, {
    headers,
  });
  for (const name of Object.keys(headers)) assertEquals(show(other.seen, name), [["/there", null]]);
});

Deno.test("fetch: changes method and body at a redirect as the runtime's own fetch does", async () => {
  await using home = startServer();
  const authenticator = build({ endpoint: home.origin });
  for (const status of [301, 302, 303, 307, 308]) {
    for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE"]) {
      const url = `${home.origin}/${status}?to=/there`;
      const init = { method, ...method.startsWith("P") && { body: "text" } };
      home.seen.length = 0;
      await call({ fetch }, url, init);
      await call(authenticator, url, init);
      await call(authenticator, new Request(url, init));
      const [, native, , ours, , oursFromRequest] = home.seen.map(({ path, method, headers, text }) => [
        path,
        method,
        headers.get("content-type"),
        text,
      ]);
      assertEquals([ours, oursFromRequest], [native, native], `${method} ${status}`);
    }
  }
});

Deno.test("fetch: returns a redirect that it can't follow, a stream's, and throws where the location is invalid", async () => {
  await using home = startServer();
  const authenticator = build({ endpoint: home.origin });
  const body = ReadableStream.from(["text"]).pipeThrough(new TextEncoderStream());
  assertEquals(await call(authenticator, "/307?to=/there", { method: "POST", body }), 307);
  assertEquals(await call(authenticator, "/302?to=/there", { redirect: "manual" }), 302);
  for (const to of ["javascript:alert(1)", "http://["]) {
    await assertRejects(() => call(authenticator, `/302?to=${encodeURIComponent(to)}`), TypeError);
  }
  assertEquals(home.seen.length, 4);
});

Deno.test("fetch: throws at the 21st redirect, and at the first where the caller wants an error", async () => {
  await using home = startServer();
  const authenticator = build({ endpoint: home.origin });
  await assertRejects(() => authenticator.fetch("/302?to=/there", { redirect: "error" }), TypeError);
  home.seen.length = 0;
  await assertRejects(() => authenticator.fetch("/302?to=/endless"), TypeError, "redirects");
  assertEquals(home.seen.length, 21);
});

Deno.test("fetch: follows a browser's hidden redirect if no credential or body can go astray, else refuses it", async () => {
  const opaque = Object.defineProperties(new Response(null), {
    type: { value: "opaqueredirect" },
    status: { value: 0 },
    ok: { value: false },
  });
  const modes: unknown[] = [];
  const make = (headerKey: string) =>
    build({ headerKey }, (_, init) => {
      modes.push(init?.redirect);
      return Promise.resolve(init?.redirect === "manual" ? opaque : new Response("followed"));
    });
  assertEquals(await (await make("authorization").fetch("/")).text(), "followed");
  assertEquals(modes, ["manual", "follow"]);
  const refused = [
    () => make("flyte-authorization").fetch("/"),
    () => make("authorization").fetch("/", { method: "POST", body: "once" }),
  ];
  for (const send of refused) assertEquals((await assertRejects(send, AuthenticationError)).code, "redirect_refused");
});
