/** The overhead of `fetch` with a token over a bare `fetch` with the header. @module */

import { libraries, ours } from "./libraries.ts";
import { memoryApi, startLoopback } from "./loopback.ts";
import { type Call, median, ratios, timeInTurns, type Timing } from "./statistics.ts";
import { atMost, type Effort, type Report, show } from "./table.ts";

/** Concurrent calls. */
const lanes = 32;
/** The time of a real API's call, in milliseconds. */
const usualCall = 5;

export async function measureFetchOverhead({ smoke }: Effort): Promise<Report> {
  await using loopback = startLoopback({ delay: 0, lifetime: 3_600_000 });
  const headers = { authorization: `Bearer 1~${Date.now() + 3_600_000}` };
  const bare = async () => await (await fetch(`${loopback.api}/item`, { headers })).text();
  const calls = libraries.map((library) => {
    const { fetch } = library.make(loopback);
    return async () => await (await fetch("/item")).text();
  });
  const rounds = smoke ? 3 : 25;
  const alone = await compare([bare, ...calls], { batch: smoke ? 5 : 200, rounds });
  const together = await compare([bare, ...calls], { batch: smoke ? lanes : 10 * lanes, rounds, lanes });
  const memory = memoryApi();
  const client = ours.make(memory);
  const pure = await compare(
    [() => memory.fetch(`${memory.api}/item`, { headers }), () => client.fetch("/item")],
    { batch: smoke ? 50 : 5_000, rounds: smoke ? 3 : 21 },
  );
  const rows = libraries.map(({ name }, index) => [
    name,
    ...[alone[index]!, together[index]!].flatMap(({ added, percent }) => [show(added), `${percent.toFixed(1)} %`]),
    `${(Math.max(0, alone[index]!.added) / usualCall / 10).toFixed(2)} %`,
  ]);
  return {
    title: "fetch with a token, over a bare fetch with the header",
    how: "An API on loopback, in the same process, that does nothing: the harshest case, for a bare call takes some " +
      `60 µs. One call after the other (which counts how threads wake each other), and ${lanes} at once (which counts ` +
      "work alone). Batches of all clients and of the bare fetch in turns; the median of their ratios.",
    columns: [
      ...["client", "added, µs", "overhead", `added at ${lanes}, µs`, `overhead at ${lanes}`],
      `of a call that takes ${usualCall} ms`,
    ],
    rows: [...rows, [`${ours.name}, no network`, show(pure[0]!.added), "–", "–", "–", "–"]],
    budgets: [atMost(`authenticator.fetch over a bare fetch, ${lanes} at once`, together[0]!.percent, 2, "%")],
  };
}

/** Compares calls with the first, a bare one: the microseconds and percent that they take in addition. */
async function compare(calls: readonly Call[], timing: Timing): Promise<{ added: number; percent: number }[]> {
  const found = await timeInTurns(calls, timing);
  const [bare = [], ...others] = found;
  const factors = ratios(found);
  return others.map((times, index) => ({
    added: median(times.map((time, round) => time - bare[round]!)),
    percent: (factors[index]! - 1) * 100,
  }));
}
