import { assertEquals, assertStrictEquals } from "@std/assert";
import { type ClientConfigStore, StaticClientConfigStore } from "@m2m/authenticator";

Deno.test("StaticClientConfigStore: returns a copy of its settings", async () => {
  const config = { tokenEndpoint: "https://auth.test/token", scopes: ["a"] };
  const store: ClientConfigStore = new StaticClientConfigStore(config);
  config.tokenEndpoint = "https://evil.test/token";
  const { tokenEndpoint, scopes } = await store.getClientConfig();
  assertEquals([tokenEndpoint, scopes], ["https://auth.test/token", ["a"]]);
  assertStrictEquals(store.getClientConfig(), store.getClientConfig());
});
