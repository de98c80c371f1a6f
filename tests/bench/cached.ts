/** The cost of getting a cached token. @module */

import { libraries, ours } from "./clients/all.ts";
import type { Library } from "./clients/client.ts";
import { startLoopback } from "./loopback.ts";
import { median, timePerCall } from "./statistics.ts";
import { atMost, type Effort, type Report, show, times } from "./table.ts";

/** Nanoseconds, at most. */
const budget = 100;

export async function measureCached({ smoke }: Effort): Promise<Report> {
  const [calls, rounds, warmUps] = smoke ? [50, 3, 1] : [20_000, 31, 4];
  await using loopback = startLoopback({ delay: 0, lifetime: 3_600_000 });
  const runners = libraries.map((library) => ({
    library,
    getToken: library.make(loopback).getToken,
    found: [] as number[],
  }));
  for (let round = -warmUps; round < rounds; round++) {
    for (const { library, getToken, found } of runners) {
      // Some do so much that a batch as long as ours would take a minute.
      const time = await timePerCall(library.name === "@azure/msal-node" ? calls / 50 : calls, getToken);
      if (round >= 0) found.push(time * 1000);
    }
  }
  if (loopback.counts.tokenRequests > runners.length) {
    throw new Error(`Not all had a cached token: ${loopback.counts.tokenRequests} token requests.`);
  }
  const results = runners.map(({ library, found }) => ({ library, time: median(found) }));
  const own = results[0]!.time;
  // A cache by hand has no code of the library: it is one comparison, the lower bound.
  const [best] = results.slice(1).filter(({ library }) => !isHandMade(library)).sort((a, b) => a.time - b.time);
  return {
    title: "A cached token",
    how: `Awaited calls with a live token, in turns; the median of ${rounds} batches of ${show(calls)}. A cache by ` +
      "hand is one comparison with the clock, inside an async function: the floor.",
    columns: ["client", "ns per call", "of ours"],
    rows: results.map(({ library, time }) => [label(library), show(time), times(time, own)]),
    budgets: [
      atMost(`${ours.name}: getCredentials() with a live token`, own, budget, "ns"),
      {
        what: "faster than every peer with a cache of its own",
        met: own < best!.time,
        found: `${times(best!.time, own)} of ours for the fastest, ${best!.library.name}`,
      },
    ],
  };
}

function label(library: Library): string {
  return isHandMade(library) ? `${library.name} (${library.note})` : library.name;
}

function isHandMade({ note }: Library): boolean {
  return note === "hand-made cache";
}
