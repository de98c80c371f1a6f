/** Calls that their caller aborts. @module */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { getToken } from "@m2m/authenticator";
import { type Case, cases } from "./case.ts";
import { nthToken, planted } from "./planted.ts";
import { type Actor, arrival, count, fine, issues, late, read, type Scene, stalled, thrown, until } from "./world.ts";

const slow = { usual: late(300, issues()) };
const reason = new Error("The caller's own reason.");

/** Aborts calls once the actor has got one request; they must reject with the reason. */
async function abortAt(actor: Actor, ...calls: ((signal: AbortSignal) => Promise<unknown>)[]): Promise<void> {
  const controller = new AbortController();
  const outcomes = calls.map((call) => thrown(call(controller.signal)));
  await arrival(actor);
  controller.abort(reason);
  for (const outcome of outcomes) assertStrictEquals(await outcome, reason);
}

const calls: Readonly<Record<string, (scene: Scene, signal: AbortSignal) => Promise<unknown>>> = {
  fetch: ({ authenticator }, signal) => authenticator.fetch("/x", { signal }),
  getCredentials: ({ authenticator }, signal) => authenticator.getCredentials({ signal }),
  refreshCredentials: ({ authenticator }, signal) => authenticator.refreshCredentials({ signal }),
  authorize: ({ authenticator }, signal) => authenticator.authorize(new Headers(), { signal }),
};

export const aborts: readonly Case[] = cases({
  async "an aborted signal: every method rejects with its reason, and sends no request"(world) {
    const scene = await world.set();
    for (const call of Object.values(calls)) {
      assertStrictEquals(await thrown(call(scene, AbortSignal.abort(reason))), reason);
    }
    assertEquals(await count(scene.tokens, scene.api), [0, 0]);
  },
  async "an abort while callers wait for a token: the others get it"(world) {
    const scene = await world.set({ tokens: slow });
    const { authenticator, tokens } = scene;
    const aborted = abortAt(tokens, ...Object.values(calls).slice(0, 2).map((call) => call.bind(null, scene)));
    const others = [authenticator.getCredentials(), authenticator.refreshCredentials()];
    await aborted;

    for (const other of others) assertEquals((await other).accessToken, nthToken(1));
    assertEquals(await count(tokens), [1]);
  },
  async "an abort by the only waiting caller: the token request goes on, and the next call gets its token"(world) {
    const { authenticator, tokens } = await world.set({ tokens: slow });
    await abortAt(tokens, (signal) => authenticator.getCredentials({ signal }));

    assertEquals((await authenticator.getCredentials()).accessToken, nthToken(1));
    assertEquals(await count(tokens), [1]);
  },
  async "an abort while the API answers: fetch rejects with the caller's reason, and closes the connection"(world) {
    const { authenticator, api } = await world.set({ api: { usual: stalled } });
    await abortAt(api, (signal) => authenticator.fetch("/x", { signal }));

    await until(async () => await api.hangUps() === 1);
  },
  async "an abort of a Request's own signal: fetch rejects with its reason"(world) {
    const { authenticator, api } = await world.set({ api: { usual: stalled } });
    await abortAt(api, (signal) => authenticator.fetch(new Request(`${api.origin}/x`, { signal })));
  },
  async "AbortSignal.timeout: fetch rejects with a TimeoutError while it waits for a token, or for the API"(world) {
    const { authenticate, authenticator, tokens, api } = await world.set({ tokens: { next: [stalled] } });
    const waiting = await thrown(authenticator.fetch("/x", { signal: AbortSignal.timeout(200) }));
    await authenticator.close();
    await api.play({ usual: stalled });
    const calling = await thrown(authenticate().fetch("/x", { signal: AbortSignal.timeout(400) }));

    assertEquals([Object(waiting).name, Object(calling).name], ["TimeoutError", "TimeoutError"]);
    assertEquals(await count(tokens), [2]);
  },
  async "getToken: an abort rejects with the caller's reason, and closes the connection"(world) {
    const { tokens, tokenEndpoint } = await world.set({ tokens: { usual: stalled } });
    const client = { clientId: planted.clientId, clientSecret: planted.secret };
    await abortAt(tokens, (signal) => getToken(tokenEndpoint, { ...client, signal }));

    await until(async () => await tokens.hangUps() === 1);
  },
  async "an abort without a reason: fetch rejects with an AbortError, and the next call succeeds"(world) {
    const { authenticator, api } = await world.set({ api: { next: [stalled] } });
    const controller = new AbortController();
    const call = thrown(authenticator.fetch("/x", { signal: controller.signal }));
    await arrival(api);
    controller.abort();

    assertEquals(Object(await call).name, "AbortError");
    assertEquals(await read(authenticator.fetch("/x")), fine);
  },
});
