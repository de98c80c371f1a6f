/** Token requests of concurrent first callers. @module */

import type { Client } from "./clients/client.ts";
import { libraries, ours } from "./libraries.ts";
import { startLoopback, tokenEndpointInMemory } from "./loopback.ts";
import { atMost, type Effort, type Report, show } from "./table.ts";

const behaviour = { delay: 50, lifetime: 3_600_000 };

export async function measureColdCallers({ smoke }: Effort): Promise<Report> {
  const [some, many] = smoke ? [20, 50] : [1_000, 10_000];
  const rows: string[][] = [];
  let own = NaN;
  for (const { name, networkOnly, make } of libraries) {
    await using loopback = startLoopback(behaviour);
    const failedOfSome = await callAtOnce(make(loopback), some);
    const cells = [name, requests(loopback.counts.tokenRequests, failedOfSome)];
    if (networkOnly === undefined) {
      const { fetch, counts } = tokenEndpointInMemory(behaviour);
      const failedOfMany = await callAtOnce(make({ ...loopback, fetch }), many);
      cells.push(requests(counts.tokenRequests, failedOfMany));
      if (name === ours.name) own = counts.tokenRequests;
    } else {
      cells.push(`not measured: ${networkOnly}`);
    }
    rows.push(cells);
  }
  return {
    title: "Token requests for callers that all come first",
    how: `A token endpoint ${behaviour.delay} ms away: on loopback for ${show(some)} callers, in memory for ` +
      `${show(many)}. A cache by hand asks once a caller unless it keeps the promise.`,
    columns: ["client", `${show(some)} callers`, `${show(many)} callers`],
    rows,
    budgets: [atMost(`${show(many)} concurrent first callers`, own, 1, "token request")],
  };
}

/** Calls without a token; returns how many fail. */
async function callAtOnce({ getToken }: Client, callers: number): Promise<number> {
  const outcomes = await Promise.allSettled(Array.from({ length: callers }, () => getToken()));
  return outcomes.filter(({ status }) => status === "rejected").length;
}

function requests(count: number, failed: number): string {
  return show(count) + (failed > 0 ? ` (${show(failed)} callers failed)` : "");
}
