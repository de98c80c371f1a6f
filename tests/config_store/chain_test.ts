import { assertEquals, assertStrictEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AuthenticationError, type ClientConfig, ClientConfigStore } from "@m2m/authenticator";
import { ChainClientConfigStore } from "@m2m/authenticator/config-store/chain";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { EnvClientConfigStore } from "@m2m/authenticator/config-store/env";

const config = { tokenEndpoint: "https://auth.test/token" };
const notFound = new AuthenticationError("config_not_found", "Nothing here.");

/** Records its requests. */
class Stub extends ClientConfigStore {
  readonly requests: unknown[] = [];
  constructor(public answer: () => unknown) {
    super();
  }
  override async getClientConfig(request?: unknown): Promise<ClientConfig> {
    this.requests.push(request);
    return await this.answer() as ClientConfig;
  }
}
const fail = (error: unknown) => new Stub(() => Promise.reject(error));
const chain = (...stores: ClientConfigStore[]) => new ChainClientConfigStore(stores);

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

const good = new Stub(() => config);
const failure = new AuthenticationError("timeout", "Too late.", { retryable: true, status: 504, retryAfter: 1_000 });
const own = new Error("planted");
const answering = (status: number) =>
  new DiscoveryClientConfigStore("https://auth.test", { fetch: () => Promise.resolve(new Response(null, { status })) });
const env = (env: object) => new EnvClientConfigStore({ env });
const none = ["EnvClientConfigStore (", "M2M_TOKEN_ENDPOINT", "Stub (Nothing here.), ChainClientConfigStore ("];
const both = ["from Stub: Too late. Stores without settings: Stub (Nothing here.)."];
/** Stores, and the error they lead to, if any. */
const chains: Record<string, [ClientConfigStore[], error?: Partial<AuthenticationError>, says?: string[]]> = {
  "takes undefined and null for no settings": [[new Stub(() => undefined), new Stub(() => null), good]],
  "takes a 404 for no settings": [[answering(404), good]],
  "takes a 503 for an error": [[answering(503), good], { code: "config_store_failed", status: 503 }],
  "ends at incomplete settings": [[env({ M2M_SCOPES: "a" }), good], { code: "invalid_config" }, none.slice(1, 2)],
  "passes an AuthenticationError on": [[fail(notFound), fail(failure), good], { ...failure }, both],
  "gives any other error as the cause": [[fail(own), good], { code: "config_store_failed", cause: own }],
  "names all stores where none has settings": [
    [env({}), fail(notFound), chain(fail(notFound))],
    { code: "config_not_found", retryable: false },
    none,
  ],
};
for (const [what, [stores, error, says = []]] of Object.entries(chains)) {
  Deno.test(`chain: ${what}`, async () => {
    const got = await chain(...stores).getClientConfig().catch((error) => error);
    if (error === undefined) return assertStrictEquals(got, config);
    assertEquals({ ...got, cause: undefined, ...error }, { ...got, cause: got.cause });
    for (const text of says) assertStringIncludes(got.message, text);
    assertEquals(got.message.includes("planted"), false);
  });
}

Deno.test("chain: rejects with the signal's reason", async () => {
  const controller = new AbortController();
  const aborting = new Stub(() => {
    controller.abort("enough");
    throw notFound;
  });
  const { signal } = controller;
  for (const _ of [1, 2]) assertEquals(await chain(aborting, good).getClientConfig({ signal }).catch(String), "enough");
  assertEquals(aborting.requests.length, 1);
});

Deno.test("chain: refuses anything but a list of stores", () => {
  for (const wrong of [undefined, [], fail(notFound), [fail(notFound), {}], [null]]) {
    assertThrows(() => new ChainClientConfigStore(wrong as ClientConfigStore[]), TypeError, "ClientConfigStore");
  }
});
