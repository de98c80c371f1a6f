import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { AuthenticationError, type Fetch } from "@m2m/authenticator";
import { FlyteClientConfigStore, type FlyteOptions } from "@m2m/authenticator/config-store/flyte";
import { until } from "../faults/until.ts";
import { asOnWorkerd, counted, HandClock, pause, silence } from "./metadata_stub.ts";

const hour = 3_600_000;

function arrange(options: FlyteOptions = {}) {
  const clock = new HandClock();
  const platform = {
    paths: [] as string[],
    scope: "one",
    trouble: undefined as ((signal: AbortSignal | undefined) => Response | Promise<Response>) | undefined,
  };
  const { fetch, calm } = counted(async (input, init) => {
    const { pathname } = new URL(String(input));
    platform.paths.push(pathname);
    await pause(5);
    if (platform.trouble !== undefined) return await platform.trouble(init?.signal ?? undefined);
    return Response.json(
      pathname === "/config/v1/flyte_client"
        ? { scopes: [platform.scope] }
        : { token_endpoint: "https://login.test/token" },
    );
  });
  const store = new FlyteClientConfigStore("flyte.test", { fetch, clock, ...options });
  return { platform, clock, store, fetch, calm, scopes: async () => (await store.getClientConfig()).scopes };
}

for (const where of ["where promises can be shared", "where they can't"]) {
  Deno.test(`all who ask at once share two requests, and later ones need none, ${where}`, async () => {
    using _ = where === "where they can't" ? asOnWorkerd() : undefined;
    const { platform, store } = arrange();

    const all = await Promise.all(Array.from({ length: 50 }, () => store.getClientConfig()));

    for (const one of all) assertStrictEquals(one, all[0]);
    assertStrictEquals(await store.getClientConfig(), all[0]);
    assertEquals(platform.paths.length, 2);
  });
}

Deno.test("settings that have grown old are used once more, and fetched anew behind whoever asks", async () => {
  const { platform, clock, calm, scopes } = arrange();
  await scopes();
  platform.scope = "two";
  clock.now += hour;

  assertEquals(await scopes(), ["one"]);
  await until(() => platform.paths.length === 4);
  await calm();

  assertEquals(await scopes(), ["two"]);
});

Deno.test("while the platform is down the last good settings stay in use, and it is left alone for ten seconds", async () => {
  const { platform, clock, calm, scopes } = arrange();
  await scopes();
  platform.trouble = () => new Response(null, { status: 503 });
  clock.now += hour;
  assertEquals(await scopes(), ["one"]);
  await until(() => platform.paths.length === 6);
  await calm();

  clock.now += 9_999;
  assertEquals(await scopes(), ["one"]);
  assertEquals(platform.paths.length, 6);
  clock.now += 24 * hour;
  assertEquals(await scopes(), ["one"]);
  await until(() => platform.paths.length === 10);
  await calm();
});

Deno.test("a failure is not kept: who asks next asks the platform", async () => {
  const { platform, scopes } = arrange();
  platform.trouble = () => new Response(null, { status: 503 });
  await assertRejects(scopes, AuthenticationError, "answered 503");

  platform.trouble = undefined;

  assertEquals(await scopes(), ["one"]);
});

Deno.test("what came over one way out is not for another", async () => {
  const { platform, fetch, clock } = arrange();
  const store = new FlyteClientConfigStore("flyte.test", { clock });
  const other: Fetch = (input, init) => fetch(input, init);

  await store.getClientConfig({ fetch });
  await store.getClientConfig({ fetch });
  await store.getClientConfig({ fetch: other });

  assertEquals(platform.paths.length, 4);
});

Deno.test("who gives up leaves at once with his own reason, and the others get theirs", async () => {
  const { platform, store } = arrange();
  platform.trouble = silence;
  const controller = new AbortController();
  const first = store.getClientConfig({ signal: controller.signal });
  await until(() => platform.paths.length === 2);
  const second = store.getClientConfig();
  platform.trouble = undefined;

  controller.abort(new Error("enough"));

  await assertRejects(() => first, Error, "enough");
  assertEquals((await second).scopes, ["one"]);
});
