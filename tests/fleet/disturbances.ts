/** What happens to a fleet, its store and its authorization server, in an order and to processes chosen at random. @module */

import { assert, assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningEngine, StoreServer } from "./engines.ts";
import { Fleet, size, waitUntil } from "./fleet.ts";
import { makeRandom, type Random } from "./random.ts";

const lifetime = 6_000;
const leaseTime = 3_000;

/** What a disturbance has to work with. */
interface Scene {
  readonly fleet: Fleet;
  readonly server: StoreServer;
  readonly random: Random;
}

type Disturb = (scene: Scene) => Promise<void>;

/** Each costs one token request at most. */
const disturbances: Readonly<Record<string, Disturb>> = {
  async "three are killed, and started again"({ fleet, random }) {
    await sleep(random.upTo(lifetime));
    await Promise.all(random.choose(3, size).map((index) => fleet.restart(index)));
  },
  async "the one that has the lease is killed, and started again"({ fleet }) {
    await fleet.restart(
      await fleet.backend.onNextRequest(async ({ index }) => {
        await fleet.at(index).kill();
        return index;
      }),
    );
  },
  async "three are paused for longer than a lease"({ fleet, random }) {
    await sleep(random.upTo(lifetime));
    const paused = random.choose(3, size).map((index) => fleet.at(index));
    for (const instance of paused) instance.signal("SIGSTOP");
    await sleep(leaseTime * 1.5);
    for (const instance of paused) instance.signal("SIGCONT");
  },
  async "the one that has the lease is paused until others have another token"({ fleet, random }) {
    const paused = await fleet.backend.onNextRequest(({ index }) => {
      fleet.at(index).signal("SIGSTOP");
      return fleet.at(index);
    });
    const { requests } = fleet;
    await waitUntil("see another request", () => fleet.requests > requests);
    await sleep(random.upTo(leaseTime));
    paused.signal("SIGCONT");
  },
  async "the token is revoked"({ fleet, random }) {
    await sleep(random.upTo(lifetime));
    fleet.backend.revoke();
  },
  async "the token is revoked while processes change over to it"({ fleet, random }) {
    await fleet.backend.onNextRequest(() => {});
    await sleep(random.upTo(200));
    fleet.backend.revoke();
  },
  async "the authorization server is stopped, and started while the token lives"({ fleet, random }) {
    const failed = fleet.count("token_request_failed");
    await fleet.backend.stopAuthorizationServer();
    await waitUntil("see a refresh fail", () => fleet.count("token_request_failed") > failed);
    await sleep(random.upTo(lifetime / 10));
    fleet.backend.startAuthorizationServer();
  },
};

/** While each lasts, each process may request tokens of its own. */
const outages: Readonly<Record<string, Disturb>> = {
  async "the store is paused"({ fleet, server }) {
    server.pause();
    await waitForBypasses(fleet);
    server.resume();
  },
  async "the store is stopped, and started"({ fleet, server }) {
    await server.stop();
    await waitForBypasses(fleet);
    await server.start();
  },
};

async function waitForBypasses(fleet: Fleet): Promise<void> {
  const known = fleet.count("token_store_bypassed");
  await waitUntil("see all do without the store", () => fleet.count("token_store_bypassed") >= known + size);
}

/** Disturbs processes on an engine. `skews`: by how much their clocks are off, in turn, in milliseconds. */
export async function checkDisturbed(engine: RunningEngine, skews: readonly number[]): Promise<void> {
  const { name } = engine;
  const random = makeRandom(Deno.env.get("FLEET_SEED"));
  console.log(`${name}: FLEET_SEED=${random.seed} makes the same choices again`);
  await using fleet = await Fleet.start({ engine, lifetime, leaseTime, skews });
  const scene = { fleet, server: engine.server!, random };
  await fleet.go();
  await fleet.converge();

  for (const [what, disturb] of random.shuffle(Object.entries({ ...disturbances, ...outages }))) {
    const from = fleet.requests;
    await disturb(scene);
    const until = fleet.requests;
    await fleet.converge(until);
    const extra = fleet.countExtra(from);
    console.log(`${name}: ${what}: ${fleet.requests - from} token requests, ${extra} of them no usual refresh`);

    assertEquals(fleet.failures, {}, what);
    if (what in disturbances) {
      assert(extra <= 1, what);
    } else {
      assertEquals(fleet.countExtra(from, true), 0, `${what}: no process requests two tokens a lifetime`);
      const { requests } = fleet;
      await fleet.converge(requests);
      assertEquals(fleet.countExtra(requests), 0, `${what}: they share one again`);
    }
  }
  const calls = await fleet.end();
  console.log(`${name}: ${calls} calls`);
}
