import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
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
/** Does what it is told, and counts. */
class Told extends ClientConfigStore {
  asked: (ClientConfigRequest | undefined)[] = [];
  constructor(readonly answer: () => ClientConfig | Promise<ClientConfig>) {
    super();
  }
  override getClientConfig(request?: ClientConfigRequest): ClientConfig | Promise<ClientConfig> {
    this.asked.push(request);
    return this.answer();
  }
}
const good = new Told(() => config);
class Empty extends Told {
  constructor() {
    super(() => {
      throw new AuthenticationError("config_not_found", "Nothing here.");
    });
  }
}

Deno.test("the first store that has settings is the last one asked", async () => {
  const [empty, full, never] = [new Empty(), new Told(() => Promise.resolve(config)), new Told(() => config)];

  assertStrictEquals(await new ChainClientConfigStore([empty, full, never]).getClientConfig(), config);

  assertEquals([empty, full, never].map(({ asked }) => asked.length), [1, 1, 0]);
});

Deno.test("all stores are asked anew each time, with what is known of whoever asks", async () => {
  const settings = new Map<string, ClientConfig>();
  const first = new Told(() => {
    const found = settings.get("x");
    if (found === undefined) throw new AuthenticationError("config_not_found", "Not yet.");
    return found;
  });
  const chain = new ChainClientConfigStore([first, good]);
  const request = { signal: new AbortController().signal };
  assertEquals(await chain.getClientConfig(request), config);
  settings.set("x", { tokenEndpoint: "https://other.test/token" });

  assertEquals((await chain.getClientConfig()).tokenEndpoint, "https://other.test/token");
  assertStrictEquals(first.asked[0], request);
});

Deno.test("a store that answers nothing, as JavaScript's do, has none", async () => {
  const nothing = (value: unknown) => new Told(() => value as ClientConfig);

  assertEquals(await new ChainClientConfigStore([nothing(undefined), nothing(null), good]).getClientConfig(), config);
});

Deno.test("where none has settings, all are named, with what they say", async () => {
  const chain = new ChainClientConfigStore([
    new EnvClientConfigStore({ env: {} }),
    new Empty(),
    new ChainClientConfigStore([new Empty()]),
  ]);

  const error = await assertRejects(() => chain.getClientConfig(), AuthenticationError);

  assertEquals([error.code, error.retryable], ["config_not_found", false]);
  assertEquals(
    error.message,
    "Cannot find the client's settings. Stores without settings: EnvClientConfigStore (Cannot find the client's settings " +
      "in the environment: none of M2M_TOKEN_ENDPOINT, M2M_ISSUER, M2M_SCOPES, M2M_AUDIENCE, M2M_HEADER_KEY is set.), " +
      "Empty (Nothing here.), ChainClientConfigStore (Cannot find the client's settings. Stores without settings: " +
      "Empty (Nothing here.).).",
  );
});

Deno.test("a store that fails ends the search with its own code, and all that were asked are named", async () => {
  const failing = new Told(() => {
    throw new AuthenticationError("timeout", "Too late.", { retryable: true, status: 504, retryAfter: 1_000 });
  });

  const error = await assertRejects(
    () => new ChainClientConfigStore([new Empty(), failing, good]).getClientConfig(),
    AuthenticationError,
    "Cannot get the client's settings from Told: Too late. Stores without settings: Empty (Nothing here.).",
  );

  assertEquals([error.code, error.retryable, error.status, error.retryAfter], ["timeout", true, 504, 1_000]);
  assertEquals("cause" in error, false);
});

Deno.test("a store that throws anything else ends the search too, and its error is the cause", async () => {
  const cause = new Error("planted");
  const failing = new Told(() => Promise.reject(cause));

  const error = await assertRejects(
    () => new ChainClientConfigStore([failing, good]).getClientConfig(),
    AuthenticationError,
  );

  assertEquals([error.code, error.message], [
    "config_store_failed",
    "Cannot get the client's settings from Told: see the cause.",
  ]);
  assertStrictEquals(error.cause, cause);
});

Deno.test("settings that are there in part are no reason to ask the next store", async () => {
  const half = new EnvClientConfigStore({ env: { M2M_SCOPES: "a" } });

  const error = await assertRejects(
    () => new ChainClientConfigStore([half, good]).getClientConfig(),
    AuthenticationError,
    "M2M_TOKEN_ENDPOINT is missing",
  );

  assertEquals(error.code, "invalid_config");
});

Deno.test("a server that publishes nothing has no settings; one that is down has, and can't be asked", async () => {
  const answering = (status: number) =>
    new DiscoveryClientConfigStore("https://auth.test", {
      fetch: () => Promise.resolve(new Response(null, { status })),
    });

  assertEquals(await new ChainClientConfigStore([answering(404), good]).getClientConfig(), config);
  const error = await assertRejects(
    () => new ChainClientConfigStore([answering(503), good]).getClientConfig(),
    AuthenticationError,
  );
  assertEquals([error.code, error.retryable], ["config_store_failed", true]);
});

Deno.test("an abort ends the search with the signal's own reason", async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const aborting = new Told(() => {
    controller.abort("enough");
    throw new AuthenticationError("config_not_found", "Nothing.");
  });
  const chain = new ChainClientConfigStore([aborting, good]);

  assertEquals(await chain.getClientConfig({ signal }).catch((error: unknown) => error), "enough");
  assertEquals(await chain.getClientConfig({ signal }).catch((error: unknown) => error), "enough");
  assertEquals(aborting.asked.length, 1);
});

Deno.test("what is no list of stores is refused at once", () => {
  for (const wrong of [undefined, [], good, [good, {}], [null]]) {
    assertThrows(() => new ChainClientConfigStore(wrong as ClientConfigStore[]), TypeError, "ClientConfigStore");
  }
});
