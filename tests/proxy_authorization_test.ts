import { assert, assertEquals, assertRejects } from "@std/assert";
import { AuthenticationError, ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
import { startChromium } from "./runtimes/chromium.ts";
import { chromiumPackage } from "./runtimes/chromium_executable.ts";
import { startPageServer } from "./runtimes/page_server.ts";
import { testsOn } from "./runtimes/tests_on.ts";
import { client, type FlyteBackend, frontAudience, startFlyteBackend } from "./servers/flyte_backend.ts";

/** One authenticator for the proxy, through which another sends. */
function compose({ flyte, frontTokenEndpoint: tokenEndpoint }: FlyteBackend, audience = frontAudience) {
  const { origin: endpoint } = flyte;
  const front = new ClientCredentialsAuthenticator({
    endpoint,
    ...client,
    headerKey: "proxy-authorization",
    configStore: new StaticClientConfigStore({ tokenEndpoint, audience }),
  });
  const configStore = new FlyteClientConfigStore(endpoint);
  const own = new ClientCredentialsAuthenticator({ endpoint, ...client, configStore, fetch: front.fetch });
  return { front, own };
}

async function list(authenticator: ClientCredentialsAuthenticator): Promise<number> {
  const response = await authenticator.fetch("/api/v1/projects");
  await response.body?.cancel();
  return response.status;
}

Deno.test("behind a proxy that wants a token, both tokens go to the platform, and nowhere else", async () => {
  await using backend = await startFlyteBackend({ hasFront: true });
  const { own } = compose(backend);

  assertEquals([await list(own), await list(own)], [200, 200]);

  const call = backend.flyte.requests.at(-1)!;
  assert(call.headers.get("proxy-authorization")?.startsWith("Bearer "));
  assert(call.headers.get("flyte-authorization")?.startsWith("Bearer "));
  // The config store's questions pass the proxy as well.
  assertEquals(backend.flyte.requests.map(({ headers }) => headers.has("proxy-authorization")), [
    true,
    true,
    true,
    true,
  ]);
  assertEquals([backend.asked().length, backend.frontAsked().length], [1, 1]);
  for (const names of backend.tokenHeaderNames()) assert(!names.includes("proxy-authorization"), String(names));
});

Deno.test("a proxy that refuses its token gets another one, and the platform's stays in use", async () => {
  await using backend = await startFlyteBackend({ hasFront: true });
  const { own } = compose(backend);
  await list(own);

  backend.flyte.revokeNext.add("front");

  assertEquals(await list(own), 200);
  assertEquals([backend.asked().length, backend.frontAsked().length], [1, 2]);
});

Deno.test("a platform that refuses its token gets another one, at the price of one more for the proxy", async () => {
  await using backend = await startFlyteBackend({ hasFront: true });
  const { own } = compose(backend);
  await list(own);

  backend.flyte.revokeNext.add("api");

  assertEquals(await list(own), 200);
  // A 401 may be about either token: the one in front is refreshed once before the other sees it.
  assertEquals([backend.asked().length, backend.frontAsked().length], [2, 2]);
});

Deno.test("a proxy that refuses for good is told by the config store, and asked no more than it must be", async () => {
  await using backend = await startFlyteBackend({ hasFront: true });
  const { own } = compose(backend, "https://other.test");

  const error = await assertRejects(() => list(own), AuthenticationError);

  assertEquals(error.code, "token_request_rejected");
  assertEquals([backend.asked().length, backend.frontAsked().length], [0, 1]);
});

Deno.test("a platform that refuses for good leaves the caller with its 401, and there is no storm", async () => {
  await using backend = await startFlyteBackend({ hasFront: true, client: { scopes: ["offline"] } });
  const { own } = compose(backend);

  const statuses = [];
  for (let call = 0; call < 10; call++) statuses.push(await list(own));

  assertEquals(statuses, Array(10).fill(401));
  assert(backend.asked().length <= 5, `${backend.asked().length} token requests`);
  assert(backend.frontAsked().length <= 5, `${backend.frontAsked().length} token requests`);
});

const testOnChromium = await testsOn("Chromium", chromiumPackage);
testOnChromium("browsers drop the header without a word (Fetch, forbidden request-header)", async (unpack) => {
  await using server = startPageServer({ "/": "<!doctype html>" });
  await using chromium = await startChromium(unpack);
  const page = await chromium.open(`${server.origin}/`);

  const has = await page.evaluate(() => {
    const { headers } = new Request("/", { headers: { "proxy-authorization": "x", "flyte-authorization": "y" } });
    return [headers.has("proxy-authorization"), headers.has("flyte-authorization")];
  });

  assertEquals(has, [false, true]);
});
