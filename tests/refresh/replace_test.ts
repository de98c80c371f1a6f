/** What callers get for a token that the API rejected. */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { AuthenticationError, Credentials } from "@m2m/authenticator";
import { permanent, transient } from "./policy_scene.ts";
import { silent, TokensScene, withToken } from "./scene.ts";

Deno.test("replace: gives all callers one new token, and the live one for an older token", async () => {
  using scene = new TokensScene();
  const old = await scene.get();
  assertEquals(await Promise.all([scene.replace(), scene.replace(), scene.replace()]), ["t2", "t2", "t2"]);
  assertEquals([await scene.replace("/", 0, old), await scene.use(), scene.requests], ["t2", "t2", 2]);
});

Deno.test("replace: gives nothing where the server issues the same token again, which is tried once a route", async () => {
  using scene = new TokensScene();
  scene.source = () => Promise.resolve(scene.issue("same"));
  await scene.use();
  for (const route of ["/a", "/a", "/b", "/b", "/a"]) assertEquals(await scene.replace(route), undefined);
  assertEquals([await scene.use(), scene.requests, scene.tokens.isWary], ["same", 3, true]);
});

const failures = {
  "an outage": transient(),
  "a refusal": permanent(),
  "a web page": permanent("invalid_response"),
  "a redirect": permanent("redirect_refused"),
  "a vault that throws": permanent("client_auth_unavailable"),
  "a config store that throws": permanent("config_store_failed"),
  "a source of one's own that throws": new Error(),
};
for (const [name, failure] of Object.entries(failures)) {
  Deno.test(`replace: gives nothing after ${name}, and leaves other calls their token`, async () => {
    using scene = await withToken();
    scene.failure = failure;
    for (const why of ["one attempt", "and no other so soon"]) {
      assertEquals([await scene.replace(), await scene.use(), scene.requests], [undefined, "t1", 2], why);
    }
    scene.advance(5_000);
    scene.failure = undefined;
    assertEquals([await scene.replace(), await scene.use()], ["t3", "t3"]);
  });
}

Deno.test("replace: waits for a refresh that hangs for one attempt's time, and no other call does", async () => {
  using scene = await withToken({ timeout: 2_000 });
  scene.source = silent;
  const replaced = scene.watch(scene.replace());
  await scene.pass(1_950);
  assertEquals([await scene.use(), replaced.end], ["t1", undefined]);
  await scene.pass(50);
  assertEquals([await scene.use(), replaced, scene.requests], ["t1", { start: 0, value: undefined, end: 2_000 }, 2]);
});

Deno.test("replace: gives all calls the next token where a new one and its predecessor are revoked together", async () => {
  for (const pause of [0, 2_000]) {
    using scene = await withToken();
    const t1 = await scene.get();
    scene.advance(3_599_000);
    await scene.tokens.refresh();
    const t2 = await scene.get();
    // Both fall back, and the predecessor may expire before it is rejected.
    assertEquals([await scene.replace("/", 0, t2), await scene.replace("/", 0, t2)], ["t1", "t1"]);
    scene.advance(pause);
    assertEquals(await Promise.all([scene.replace("/", 1, t1), scene.replace("/", 1, t1)]), ["t3", "t3"]);
    assertEquals([await scene.use(), scene.requests, scene.tokens.isWary], ["t3", 3, false]);
  }
});

Deno.test("refreshRejected: doesn't return the predecessor that is used while the new token isn't known", async () => {
  using scene = new TokensScene();
  const { credentials } = await scene.get();
  await scene.tokens.refresh();
  assertEquals([await scene.replace(), await scene.use()], ["t1", "t1"]);
  assertEquals(scene.tokens.last?.credentials.accessToken, "t2");
  assertEquals((await scene.tokens.refreshRejected(credentials)).credentials.accessToken, "t2");
});

Deno.test("forget: drops the tokens, and gives the last one, though its predecessor is in use", async () => {
  using scene = await withToken();
  await scene.tokens.refresh();
  assertEquals([await scene.replace(), await scene.use()], ["t1", "t1"]);
  assertEquals([scene.tokens.forget()?.credentials.accessToken, scene.tokens.last], ["t2", undefined]);
});

Deno.test("refreshRejected: gives another token, or says when to ask again; asks once it has expired", async () => {
  using scene = new TokensScene();
  const { credentials } = await scene.get();
  const refresh = (rejected: Credentials) => scene.tokens.refreshRejected(rejected);
  // As a program has them that kept them elsewhere.
  const t2 = await refresh(new Credentials({ accessToken: credentials.accessToken }));
  assertEquals(t2.credentials.accessToken, "t2");
  assertStrictEquals(await refresh(credentials), t2);
  scene.advance(3_598_000);
  scene.failure = permanent();
  await assertRejects(() => refresh(t2.credentials), AuthenticationError, "no");
  const { code, retryAfter, retryable } = await assertRejects(() => refresh(t2.credentials), AuthenticationError);
  assertEquals([code, retryAfter, retryable], ["refresh_limited", 5_000, true]);
  assertEquals([await scene.use(), scene.requests], ["t2", 3]);
  scene.advance(2_000);
  scene.failure = undefined;
  assertEquals((await refresh(t2.credentials)).credentials.accessToken, "t4");
});
