/** Latencies while tokens expire under load. @module */

import type { Library } from "./clients/client.ts";
import { libraries, ours } from "./libraries.ts";
import { within } from "../runtimes/within.ts";
import { startLoopback } from "./loopback.ts";
import { quantile } from "./statistics.ts";
import { atMost, type Effort, type Report, show } from "./table.ts";

const behaviour = { delay: 150, lifetime: 2_000 };
/** Requests a second. */
const rate = 200;
/** After this a request counts as failed, in milliseconds. */
const patience = 5_000;

export async function measureSteadyLoad({ smoke }: Effort): Promise<Report> {
  const duration = smoke ? 100 : 10_000;
  const outcomes: Awaited<ReturnType<typeof load>>[] = [];
  // One after the other: together they would wait for each other.
  for (const library of libraries) outcomes.push(await load(library, duration));
  const [own] = outcomes;
  // A refresh starts in the last quarter of a lifetime; one more for the edges.
  const requests = Math.ceil(duration / (behaviour.lifetime * 0.75)) + 1;
  return {
    title: "Steady load while tokens expire",
    how: `${rate} requests a second for ${duration / 1000} s, started and timed when they are due, independent of ` +
      `those before. A token lives ${behaviour.lifetime / 1000} s, its endpoint is ${behaviour.delay} ms ` +
      "away, the API refuses expired tokens. The first token was fetched before.",
    columns: ["client", "p50, ms", "p99, ms", "max, ms", "failed", "401s seen by the API", "token requests"],
    rows: outcomes.map(({ latencies, ...counts }, index) => [
      libraries[index]!.name,
      ...[0.5, 0.99, 1].map((share) => quantile(latencies, share).toFixed(1)),
      ...[counts.failures, counts.unauthorized, counts.tokenRequests].map(show),
    ]),
    budgets: [
      // A call that waits for a refresh takes most of the delay.
      atMost(`${ours.name}: slowest request, with no wait for a refresh`, quantile(own!.latencies, 1), 100, "ms"),
      atMost(`${ours.name}: failed requests`, own!.failures, 0, "requests"),
      atMost(`${ours.name}: about one token request a lifetime`, own!.tokenRequests, requests, "token requests"),
    ],
  };
}

async function load(library: Library, duration: number) {
  await using loopback = startLoopback(behaviour);
  const client = library.make(loopback);
  await client.getToken();
  const { counts } = loopback;
  const before = counts.tokenRequests;
  const latencies: number[] = [];
  let failures = 0;
  const call = async (dueAt: number) => {
    if (!await isOkInTime(client.fetch("/item"))) failures++;
    latencies.push(performance.now() - dueAt);
  };
  const calls: Promise<void>[] = [];
  const start = performance.now();
  const total = rate * duration / 1000;
  while (calls.length < total) {
    const due = Math.min(total, Math.floor((performance.now() - start) * rate / 1000) + 1);
    while (calls.length < due) calls.push(call(start + calls.length * 1000 / rate));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(calls);
  return { latencies, failures, unauthorized: counts.unauthorized, tokenRequests: counts.tokenRequests - before };
}

async function isOkInTime(call: Promise<Response>): Promise<boolean> {
  const isOk = async (response: Response) => {
    await response.body?.cancel();
    return response.ok;
  };
  return await within(patience, "answer", call.then(isOk)).catch(() => false);
}
