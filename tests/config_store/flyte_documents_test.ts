import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { AuthenticationError, type Fetch } from "@m2m/authenticator";
import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
import { assertNothingShows } from "../faults/planted.ts";
import { startFaultServer } from "../servers/fault_server.ts";
import { flyteCases } from "./flyte_cases.ts";
import { silence } from "./metadata_stub.ts";

for (const [name, behaviour, end, timeout = 5_000] of flyteCases) {
  const outcome = "code" in end ? `it ends with ${end.code}` : "its settings are used";
  Deno.test(`a platform that ${name}: ${outcome}`, async () => {
    await using elsewhere = await startFaultServer();
    await using server = await startFaultServer();
    const places = { here: server.origin, elsewhere: elsewhere.origin };
    server.always((request) => behaviour(places, request));

    const got = await new FlyteClientConfigStore(server.origin, { timeout }).getClientConfig()
      .catch((error: unknown) => error);

    assertEquals(elsewhere.connections, 0);
    assertNothingShows(got);
    if ("code" in end) {
      assert(got instanceof AuthenticationError, String(got));
      assertEquals([got.code, got.retryable], [end.code, end.retryable ?? false]);
      assertStringIncludes(got.message, end.says);
      assertStringIncludes(got.message, server.origin);
      return;
    }
    assert(!(got instanceof Error), String(got));
    const expected = {
      resource: undefined,
      scopes: undefined,
      audience: undefined,
      headerKey: undefined,
      issuer: undefined,
      ...end,
    };
    const tokenEndpoint = String(end.tokenEndpoint).replace("{here}", server.origin);
    assertEquals({ issuer: undefined, ...got as object }, { ...expected, tokenEndpoint });
    assert(Object.isFrozen(got));
  });
}

Deno.test("a platform's wish to be left alone is told", async () => {
  const fetch = () => Promise.resolve(new Response(null, { status: 503, headers: { "retry-after": "7" } }));

  const error = await new FlyteClientConfigStore("flyte.test", { fetch }).getClientConfig().catch((error) => error);

  assertEquals([error.code, error.retryAfter], ["config_store_failed", 7_000]);
});

Deno.test("a platform without metadata is told as that at once, whatever else hangs", async () => {
  for (const listens of [true, false]) {
    let hung: AbortSignal | undefined;
    const fetch: Fetch = (input, init) => {
      if (!String(input).endsWith("/config/v1/flyte_client")) {
        return Promise.resolve(new Response(null, { status: 404 }));
      }
      hung = init?.signal ?? undefined;
      return listens ? silence(hung) : new Promise(() => {});
    };

    const error = await new FlyteClientConfigStore("flyte.test", { fetch, timeout: 60_000 }).getClientConfig()
      .catch((error) => error);

    assertEquals([error.code, hung?.aborted], ["config_not_found", true]);
  }
});

Deno.test("a platform that asks to be left alone is asked in no other way", async () => {
  const urls: string[] = [];
  const fetch: Fetch = (input) => {
    urls.push(new URL(String(input)).pathname);
    return Promise.resolve(new Response(null, { status: 429, headers: { "retry-after": "7" } }));
  };

  const error = await new FlyteClientConfigStore("flyte.test", { fetch }).getClientConfig().catch((error) => error);

  assertEquals([error.code, error.retryAfter], ["config_store_failed", 7_000]);
  assertEquals(urls, ["/.well-known/oauth-authorization-server", "/config/v1/flyte_client"]);
});
