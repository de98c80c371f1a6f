import { assertEquals, assertRejects, assertStrictEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  AuthenticationError,
  type ClientConfig,
  type ClientConfigRequest,
  ClientConfigStore,
} from "@m2m/authenticator";
import { ChainClientConfigStore } from "@m2m/authenticator/config-store/chain";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { EnvClientConfigStore } from "@m2m/authenticator/config-store/env";

const config = { tokenEndpoint: "https://auth.test/token" };
const notFound = new AuthenticationError("config_not_found", "Nothing here.");

/** Records its requests. */
class Stub extends ClientConfigStore {
  readonly requests: (ClientConfigRequest | undefined)[] = [];
  constructor(public answer: () => unknown) {
    super();
  }
  override async getClientConfig(request?: ClientConfigRequest): Promise<ClientConfig> {
    this.requests.push(request);
    return await this.answer() as ClientConfig;
  }
}
const fail = (error: unknown) => new Stub(() => Promise.reject(error));
const chain = (...stores: ClientConfigStore[]) => new ChainClientConfigStore(stores);
const refuse = (...stores: ClientConfigStore[]) =>
  assertRejects(() => chain(...stores).getClientConfig(), AuthenticationError);

Deno.test("chain: asks the stores in order until one has settings, at each call", async () => {
  const [first, second, third] = [fail(notFound), new Stub(() => config), new Stub(() => config)];
  const store = chain(first, second, third);
  const request = { signal: new AbortController().signal };

  assertStrictEquals(await store.getClientConfig(request), config);

  assertEquals([first, second, third].map(({ requests }) => requests.length), [1, 1, 0]);
  assertStrictEquals(first.requests[0], request);
  first.answer = () => ({ tokenEndpoint: "https://other.test/token" });
  assertEquals((await store.getClientConfig()).tokenEndpoint, "https://other.test/token");
});

Deno.test("chain: takes undefined and null for no settings", async () => {
  const stores = [undefined, null, config].map((value) => new Stub(() => value));
  assertEquals(await chain(...stores).getClientConfig(), config);
});

Deno.test("chain: names all stores where none has settings", async () => {
  const error = await refuse(new EnvClientConfigStore({ env: {} }), fail(notFound), chain(fail(notFound)));

  assertEquals([error.code, error.retryable], ["config_not_found", false]);
  for (
    const text of ["EnvClientConfigStore (", "M2M_TOKEN_ENDPOINT", "Stub (Nothing here.), ChainClientConfigStore ("]
  ) {
    assertStringIncludes(error.message, text);
  }
});

Deno.test("chain: ends at an AuthenticationError, which it passes on with the stores before", async () => {
  const failure = new AuthenticationError("timeout", "Too late.", { retryable: true, status: 504, retryAfter: 1_000 });
  const error = await refuse(fail(notFound), fail(failure), new Stub(() => config));

  assertEquals([error.code, error.retryable, error.status, error.retryAfter], ["timeout", true, 504, 1_000]);
  assertStringIncludes(error.message, "from Stub: Too late. Stores without settings: Stub (Nothing here.).");
  assertEquals("cause" in error, false);
});

Deno.test("chain: ends at any other error, which is the cause", async () => {
  const cause = new Error("planted");
  const error = await refuse(fail(cause), new Stub(() => config));

  assertEquals([error.code, error.message.includes("planted")], ["config_store_failed", false]);
  assertStrictEquals(error.cause, cause);
});

Deno.test("chain: ends at incomplete settings", async () => {
  const error = await refuse(new EnvClientConfigStore({ env: { M2M_SCOPES: "a" } }), new Stub(() => config));
  assertEquals([error.code, error.message.includes("M2M_TOKEN_ENDPOINT is missing")], ["invalid_config", true]);
});

for (const [status, expected] of [[404, config.tokenEndpoint], [503, "config_store_failed"]] as const) {
  Deno.test(`chain: after a server that answers ${status}: ${expected}`, async () => {
    const fetch = () => Promise.resolve(new Response(null, { status }));
    const store = chain(new DiscoveryClientConfigStore("https://auth.test", { fetch }), new Stub(() => config));
    const got = await store.getClientConfig().then(({ tokenEndpoint }) => tokenEndpoint, ({ code }) => code);
    assertEquals(got, expected);
  });
}

Deno.test("chain: rejects with the signal's reason", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const aborting = new Stub(() => {
    controller.abort("enough");
    throw notFound;
  });
  for (const _ of [1, 2]) {
    const store = chain(aborting, new Stub(() => config));
    assertEquals(await store.getClientConfig({ signal }).catch((error: unknown) => error), "enough");
  }
  assertEquals(aborting.requests.length, 1);
});

Deno.test("chain: refuses anything but a list of stores", () => {
  for (const wrong of [undefined, [], fail(notFound), [fail(notFound), {}], [null]]) {
    assertThrows(() => new ChainClientConfigStore(wrong as ClientConfigStore[]), TypeError, "ClientConfigStore");
  }
});
