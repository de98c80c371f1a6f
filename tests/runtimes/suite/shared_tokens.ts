/** Tokens that several authenticators share through a store. @module */
import { assert, assertEquals } from "@std/assert";
import { sharedTokens, type TokenStore } from "@m2m/authenticator/token-store";
import { sealed } from "@m2m/authenticator/token-store/sealed";
import { memoryStore } from "../../token_store/memory.ts";
import { runCases } from "../../token_store/run_cases.ts";
import { issues, late, rejectsFirst } from "./behaviours.ts";
import { type Case, cases } from "./case.ts";
import { bearer, nthToken } from "./planted.ts";
import { assertCount, fine, read, seen, type Setting, type World } from "./world.ts";

/** A scene, and calls of four authenticators that are as good as four processes. */
async function fleet(world: World, store: TokenStore, setting: Setting = {}) {
  const scene = await world.set(setting);
  const members = [1, 2, 3, 4].map(() => scene.authenticate({ tokenStore: sharedTokens(store, { timeout: 2_000 }) }));
  const callAll = () => Promise.all(members.map((each) => read(each.fetch("/x"))));
  return { ...scene, callAll };
}

const all = (text: string) => Array<string>(4).fill(text);

export const sharedTokenCases: readonly Case[] = cases({
  async "a shared token: four that start together make one token request"(world) {
    const { callAll, tokens, api } = await fleet(world, memoryStore(), { tokens: { usual: late(100, issues()) } });

    assertEquals(await callAll(), all(fine));

    await assertCount(tokens, 1);
    assertEquals(await seen(api), all(bearer(1)));
  },
  async "a shared token that the API rejects: one refresh serves all"(world) {
    const { callAll, tokens, api } = await fleet(world, memoryStore());
    await callAll();
    await api.play(rejectsFirst());

    assertEquals([await callAll(), await callAll()], [all(fine), all(fine)]);

    await assertCount(tokens, 2);
  },
  async "a sealed store: holds nothing of the token, which others read"(world) {
    const [store, key] = [memoryStore(), crypto.getRandomValues(new Uint8Array(32))];
    const { callAll, tokens } = await fleet(world, sealed(store, { id: "1", key }));

    assertEquals([await callAll(), await callAll()], [all(fine), all(fine)]);

    await assertCount(tokens, 1);
    const [[, { value }] = ["", { value: "" }]] = store.values;
    assert(value.startsWith("sealed-1.1.") && !value.includes(nthToken(1)));
  },
  async "a store in memory: passes all cases"() {
    await runCases(memoryStore(), { shortestLifetime: 500 });
  },
});
