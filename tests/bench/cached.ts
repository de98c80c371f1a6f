/** The cost of getting a cached token. @module */

import { handMade } from "./clients/client.ts";
import { libraries, ours } from "./libraries.ts";
import { startLoopback } from "./loopback.ts";
import { median, timeInTurns } from "./statistics.ts";
import { atMost, type Effort, type Report, show, times } from "./table.ts";

export async function measureCached({ smoke }: Effort): Promise<Report> {
  const [batch, rounds] = smoke ? [50, 3] : [20_000, 31];
  await using loopback = startLoopback({ delay: 0, lifetime: 3_600_000 });
  const calls = libraries.map(({ make }) => make(loopback).getToken);
  const found = await timeInTurns(calls, { batch, rounds }, libraries.map(({ slowness = 1 }) => slowness));
  const { tokenRequests } = loopback.counts;
  if (tokenRequests > calls.length) throw new Error(`Not all had a cached token: ${tokenRequests} token requests.`);
  const results = libraries.map(({ name, note }, index) => {
    return { name: note === handMade ? `${name} (${note})` : name, note, time: median(found[index]!) * 1000 };
  });
  const own = results[0]!.time;
  // A cache by hand has no code of the library: it is one comparison, the lower bound.
  const [best] = results.slice(1).filter(({ note }) => note !== handMade).sort((a, b) => a.time - b.time);
  return {
    title: "A cached token",
    how: `Awaited calls with a live token, in turns; the median of ${rounds} batches of ${show(batch)}. A cache by ` +
      "hand is one comparison with the clock, inside an async function: the floor.",
    columns: ["client", "ns per call", "of ours"],
    rows: results.map(({ name, time }) => [name, show(time), times(time, own)]),
    budgets: [
      atMost(`${ours.name}: getCredentials() with a live token`, own, 100, "ns"),
      {
        what: "faster than every peer with a cache of its own",
        met: own < best!.time,
        found: `${times(best!.time, own)} of ours for the fastest, ${best!.name}`,
      },
    ],
  };
}
