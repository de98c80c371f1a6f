/** Processes that start at the same moment and call steadily, on each engine with a lease. */

import { assertEquals } from "@std/assert";
import { testsOn } from "../runtimes/tests_on.ts";
import { engineNames, findEngine } from "./engines.ts";
import { Fleet, size } from "./fleet.ts";

const lifetime = 6_000;
const lifetimes = 3;

for (const name of engineNames) {
  const testOnEngine = await testsOn(name, () => findEngine(name));
  testOnEngine(`${size} processes on ${name} make one token request a lifetime, and no call fails`, async (start) => {
    await using engine = await start();
    await using fleet = await Fleet.start({ engine, lifetime });
    await fleet.go();
    for (let refreshes = 0; refreshes <= lifetimes; refreshes++) await fleet.converge(refreshes);
    const calls = await fleet.end();

    console.log(`${name}: ${calls} calls; token requests after ${fleet.times.join(", ")} ms`);
    const { requests, failures } = fleet;
    const [bypassed, refused] = ["token_store_bypassed", "token_request_failed"].map((event) => fleet.count(event));
    assertEquals(
      { requests, extra: fleet.countExtra(), failures, bypassed, refused },
      { requests: lifetimes + 1, extra: 0, failures: {}, bypassed: 0, refused: 0 },
    );
  });
}
