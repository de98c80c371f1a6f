/** What happens to a fleet, its store and its authorization server, in an order and to processes chosen at random. @module */

import { assert, assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import type { RunningEngine, StoreServer } from "./engines.ts";
import { Fleet, size, waitUntil } from "./fleet.ts";
import { makeRandom, type Random } from "./random.ts";

const lifetime = 6_000;
const leaseTime = 4_000;

const bypassed = /^token_store_bypassed/;

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
    await sleep(leaseTime + 1_000);
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
    const failed = fleet.count(/^token_request_failed/);
    await fleet.backend.stopAuthorizationServer();
    await waitUntil("see a refresh fail", () => fleet.count(/^token_request_failed/) > failed);
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
  const known = fleet.count(bypassed);
  await waitUntil("see all do without the store", () => fleet.count(bypassed) >= known + size);
}

/** How an engine is disturbed. */
export interface DisturbanceOptions {
  /** By how much the processes' clocks are off, in turn, in milliseconds. Default: they are right. */
  readonly skews?: readonly number[];
  /** Which disturbances are tried. Default: all. */
  readonly which?: RegExp;
}

/** Disturbs processes on an engine. */
export async function checkDisturbed(engine: RunningEngine, options: DisturbanceOptions = {}): Promise<void> {
  const { skews = [0], which = /^/ } = options;
  const { name } = engine;
  const random = makeRandom(Deno.env.get("FLEET_SEED"));
  console.log(`${name}: FLEET_SEED=${random.seed} makes the same choices again`);
  await using fleet = await Fleet.start({ engine, lifetime, leaseTime, skews });
  const scene = { fleet, server: engine.server!, random };
  await fleet.go();
  await fleet.converge();

  const tried = Object.entries({ ...disturbances, ...outages }).filter(([what]) => which.test(what));
  for (const [what, disturb] of random.shuffle(tried)) {
    const from = fleet.requests;
    const known = fleet.count(bypassed);
    await disturb(scene);
    await fleet.converge(fleet.requests);

    const extra = fleet.countExtra(from);
    const without = fleet.count(bypassed) - known;
    const counts = `${
      fleet.requests - from
    } token requests, ${extra} of them no usual refresh, ${without} without the store`;
    console.log(`${name}: ${what}: ${counts}`);
    assertEquals(fleet.failures, {}, what);
    if (what in disturbances) {
      assert(extra <= 1, `${what}: ${counts}`);
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
