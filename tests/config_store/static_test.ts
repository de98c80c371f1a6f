import { assertEquals, assertStrictEquals } from "@std/assert";
import { type ClientConfigStore, StaticClientConfigStore } from "@m2m/authenticator";

Deno.test("it answers the settings it was given, whatever becomes of that object", () => {
  const config = { tokenEndpoint: "https://auth.test/token", scopes: ["a"] };
  const store: ClientConfigStore = new StaticClientConfigStore(config);
  config.tokenEndpoint = "https://evil.test/token";
  assertEquals(store.getClientConfig(), { tokenEndpoint: "https://auth.test/token", scopes: ["a"] });
  assertStrictEquals(store.getClientConfig(), store.getClientConfig());
});
