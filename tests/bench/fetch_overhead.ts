/** The overhead of `fetch` with a token over a bare `fetch` with the header. @module */

import { libraries, ours } from "./clients/all.ts";
import type { Library } from "./clients/client.ts";
import { startLoopback } from "./loopback.ts";
import { median, timePerCall } from "./statistics.ts";
import { atMost, type Effort, type Report, show } from "./table.ts";

/** Percent, at most. */
const budget = 2;
/** Concurrent calls. */
const lanes = 32;
/** The time of a real API's call, in milliseconds. */
const usualCall = 5;

type Call = () => Promise<unknown>;

export async function measureFetchOverhead(effort: Effort): Promise<Report> {
  const rows: string[][] = [];
  const overheads: number[] = [];
  for (const library of libraries) {
    const { alone, together } = await overLoopback(library, effort);
    overheads.push(together.percent);
    rows.push([
      library.name,
      ...[alone, together].flatMap(({ added, percent }) => [show(added), `${percent.toFixed(1)} %`]),
      `${(Math.max(0, alone.added) / usualCall / 10).toFixed(2)} %`,
    ]);
  }
  const pure = await inMemory(effort);
  rows.push([`${ours.name}, no network`, show(pure.added), "–", "–", "–", "–"]);
  return {
    title: "fetch with a token, over a bare fetch with the header",
    how: "An API on loopback, in the same process, that does nothing: the harshest case, for a bare call takes some " +
      `60 µs. One call after the other (which counts how threads wake each other), and ${lanes} at once (which counts ` +
      `work alone). Batches of ours and of the bare fetch in turns; the median of their ratios.`,
    columns: [
      "client",
      "added, µs",
      "overhead",
      `added at ${lanes}, µs`,
      `overhead at ${lanes}`,
      `of a call that takes ${usualCall} ms`,
    ],
    rows,
    budgets: [atMost(`authenticator.fetch over a bare fetch, ${lanes} at once`, overheads[0]!, budget, "%")],
  };
}

async function overLoopback(
  library: Library,
  { smoke }: Effort,
): Promise<{ alone: Comparison; together: Comparison }> {
  await using loopback = startLoopback({ delay: 0, lifetime: 3_600_000 });
  const client = library.make(loopback);
  await client.getToken();
  const authorization = `Bearer 1~${Date.now() + 3_600_000}`;
  const calls = {
    bare: async () => await (await fetch(`${loopback.api}/item`, { headers: { authorization } })).text(),
    ours: async () => await (await client.fetch("/item")).text(),
  };
  return {
    alone: await compare({ calls: smoke ? 5 : 200, rounds: smoke ? 3 : 25, lanes: 1 }, calls),
    together: await compare({ calls: smoke ? lanes : 10 * lanes, rounds: smoke ? 3 : 25, lanes }, calls),
  };
}

async function inMemory({ smoke }: Effort): Promise<Comparison> {
  const api = "http://127.0.0.1:9";
  const answer = new Response();
  const token = { access_token: "token", token_type: "Bearer", expires_in: 3600 };
  const stub: typeof fetch = (_input, init) => Promise.resolve(init?.method === "POST" ? Response.json(token) : answer);
  const client = ours.make({ tokenEndpoint: `${api}/token`, api, fetch: stub });
  const headers = { authorization: "Bearer token" };
  return await compare({ calls: smoke ? 50 : 5_000, rounds: smoke ? 3 : 21, lanes: 1 }, {
    bare: () => stub(`${api}/item`, { headers }),
    ours: () => client.fetch("/item"),
  });
}

/** Times in microseconds a call. */
interface Comparison {
  added: number;
  percent: number;
}

async function compare(
  { calls, rounds, lanes }: { calls: number; rounds: number; lanes: number },
  { bare, ours }: { bare: Call; ours: Call },
): Promise<Comparison> {
  const found: { bare: number; ours: number }[] = [];
  for (let round = -3; round < rounds; round++) {
    // The first one changes the machine's state for the second: they take turns.
    const isOursFirst = round % 2 === 0;
    const first = await timePerCall(calls, isOursFirst ? ours : bare, { lanes });
    const second = await timePerCall(calls, isOursFirst ? bare : ours, { lanes });
    if (round >= 0) found.push(isOursFirst ? { ours: first, bare: second } : { bare: first, ours: second });
  }
  return {
    added: median(found.map((time) => time.ours - time.bare)),
    percent: (median(found.map((time) => time.ours / time.bare)) - 1) * 100,
  };
}
