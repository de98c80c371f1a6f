/** Processes that start at the same moment, call steadily, and are left alone. @module */

import { assertEquals } from "@std/assert";
import { testsOn } from "../runtimes/tests_on.ts";
import { findEngine } from "./engines.ts";
import { Fleet, size } from "./fleet.ts";
import type { EngineName } from "./stores.ts";

const lifetime = 6_000;
const lifetimes = 3;

/** Registers a test on each of these engines: over some lifetimes there is one token request in each. */
export async function testUndisturbed(names: readonly EngineName[]): Promise<void> {
  for (const name of names) {
    const testOnEngine = await testsOn(name, () => findEngine(name));
    testOnEngine(`${size} processes on ${name} make one token request a lifetime, and no call fails`, async (start) => {
      await using engine = await start();
      await using fleet = await Fleet.start({ engine, lifetime });
      await fleet.go();
      for (let refreshes = 0; refreshes <= lifetimes; refreshes++) await fleet.converge(refreshes);
      const calls = await fleet.end();

      console.log(`${name}: ${calls} calls; token requests after ${fleet.times.join(", ")} ms`);
      const { requests, failures } = fleet;
      const events = fleet.list(/^token_(store_bypassed|request_failed)/);
      assertEquals(
        { requests, extra: fleet.countExtra(), failures, events },
        { requests: lifetimes + 1, extra: 0, failures: {}, events: {} },
      );
    });
  }
}
