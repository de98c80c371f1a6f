/** Calls that their caller aborts. @module */
import { assertEquals, assertStrictEquals } from "@std/assert";
import { getToken } from "@m2m/authenticator";
import { issues, late, stalled } from "./behaviours.ts";
import { type Case, cases } from "./case.ts";
import { client, nthToken } from "./planted.ts";
import { type Actor, arrival, count, fine, type Scene, thrown, until, type World } from "./world.ts";

const slow = { tokens: { usual: late(300, issues()) } };
const hanging = { usual: stalled };
const reason = new Error("The caller's own reason.");

/** Aborts calls once the actor has got one request; they must reject with the reason. */
async function abortAt(actor: Actor, ...calls: ((signal: AbortSignal) => Promise<unknown>)[]): Promise<void> {
  const controller = new AbortController();
  const outcomes = calls.map((call) => thrown(call(controller.signal)));
  await arrival(actor);
  controller.abort(reason);
  for (const outcome of outcomes) assertStrictEquals(await outcome, reason);
}

/** Aborts a call of a server that doesn't answer; the connection must close. */
async function abortHanging(
  world: World,
  role: "tokens" | "api",
  call: (scene: Scene, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const scene = await world.set({ [role]: hanging });
  await abortAt(scene[role], (signal) => call(scene, signal));
  await until(async () => await scene[role].hangUps() === 1);
}

export const aborts: readonly Case[] = cases({
  "an abort while the API answers: fetch rejects with the caller's reason, and closes the connection": (world) =>
    abortHanging(world, "api", ({ call }, signal) => call("/x", { signal })),
  "an abort of a Request's own signal: fetch rejects with its reason, and closes the connection": (world) =>
    abortHanging(world, "api", ({ api, call }, signal) => call(new Request(`${api.origin}/x`, { signal }))),
  "getToken: an abort rejects with the caller's reason, and closes the connection": (world) =>
    abortHanging(world, "tokens", ({ tokenEndpoint }, signal) => getToken(tokenEndpoint, { ...client, signal })),
  async "an aborted signal: every method rejects with its reason, and sends no request"(world) {
    const { authenticator, tokens, api } = await world.set();
    const signal = AbortSignal.abort(reason);
    const reads = [authenticator.getCredentials({ signal }), authenticator.refreshCredentials({ signal })];
    const sends = [authenticator.fetch("/x", { signal }), authenticator.authorize(new Headers(), { signal })];
    for (const outcome of await Promise.all([...reads, ...sends].map(thrown))) assertStrictEquals(outcome, reason);
    assertEquals(await count(tokens, api), [0, 0]);
  },
  async "an abort while callers wait for a token: the others get it"(world) {
    const { authenticator, tokens } = await world.set(slow);
    const aborted = abortAt(
      tokens,
      (signal) => authenticator.fetch("/x", { signal }),
      (signal) => authenticator.getCredentials({ signal }),
    );
    const others = [authenticator.getCredentials(), authenticator.refreshCredentials()];
    await aborted;

    for (const other of others) assertEquals((await other).accessToken, nthToken(1));
    assertEquals(await count(tokens), [1]);
  },
  async "an abort by the only waiting caller: the token request goes on, and the next call gets its token"(world) {
    const { authenticator, tokens } = await world.set(slow);
    await abortAt(tokens, (signal) => authenticator.getCredentials({ signal }));

    assertEquals((await authenticator.getCredentials()).accessToken, nthToken(1));
    assertEquals(await count(tokens), [1]);
  },
  async "AbortSignal.timeout: fetch rejects with a TimeoutError while it waits for a token, or for the API"(world) {
    for (const [role, time] of [["tokens", 200], ["api", 400]] as const) {
      const { authenticator } = await world.set({ [role]: hanging });
      const error = await thrown(authenticator.fetch("/x", { signal: AbortSignal.timeout(time) }));
      assertEquals(Object(error).name, "TimeoutError");
      await authenticator.close();
    }
  },
  async "an abort without a reason: fetch rejects with an AbortError, and the next call succeeds"(world) {
    const { authenticator, call, api } = await world.set({ api: { next: [stalled] } });
    const controller = new AbortController();
    const aborted = thrown(authenticator.fetch("/x", { signal: controller.signal }));
    await arrival(api);
    controller.abort();

    assertEquals(Object(await aborted).name, "AbortError");
    assertEquals(await call(), fine);
  },
});
