import { assertEquals, assertStrictEquals } from "@std/assert";
import { type ClientConfigStore, StaticClientConfigStore } from "@m2m/authenticator";

Deno.test("it answers the settings it was given, whatever becomes of that object", async () => {
  const config = { tokenEndpoint: "https://auth.test/token", scopes: ["a"] };
  const store: ClientConfigStore = new StaticClientConfigStore(config);
  config.tokenEndpoint = "https://evil.test/token";
  const { tokenEndpoint, scopes } = await store.getClientConfig();
  assertEquals([tokenEndpoint, scopes], ["https://auth.test/token", ["a"]]);
  assertStrictEquals(store.getClientConfig(), store.getClientConfig());
});
