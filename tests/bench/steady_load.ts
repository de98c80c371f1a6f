/** Latencies while tokens expire under load. @module */

import { libraries, ours } from "./clients/all.ts";
import type { Library } from "./clients/client.ts";
import { startLoopback } from "./loopback.ts";
import { quantile } from "./statistics.ts";
import { atMost, type Budget, type Effort, type Report, show } from "./table.ts";

const behaviour = { delay: 150, lifetime: 2_000 };
/** Requests a second. */
const rate = 200;
/** After this a request counts as failed, in milliseconds. */
const patience = 5_000;

interface Outcome {
  latencies: number[];
  failures: number;
  unauthorized: number;
  tokenRequests: number;
}

export async function measureSteadyLoad({ smoke }: Effort): Promise<Report> {
  const duration = smoke ? 100 : 10_000;
  const outcomes: Outcome[] = [];
  // One after the other: together they would wait for each other.
  for (const library of libraries) outcomes.push(await load(library, duration));
  return {
    title: "Steady load while tokens expire",
    how: `${rate} requests a second for ${duration / 1000} s, started and timed when they are due, independent of ` +
      `those before. A token lives ${behaviour.lifetime / 1000} s, its endpoint is ${behaviour.delay} ms ` +
      "away, the API refuses expired tokens. The first token was fetched before.",
    columns: ["client", "p50, ms", "p99, ms", "max, ms", "failed", "401s seen by the API", "token requests"],
    rows: outcomes.map(({ latencies, failures, unauthorized, tokenRequests }, index) => [
      libraries[index]!.name,
      ...[0.5, 0.99, 1].map((share) => quantile(latencies, share).toFixed(1)),
      show(failures),
      show(unauthorized),
      show(tokenRequests),
    ]),
    budgets: check(outcomes[0]!, duration),
  };
}

function check({ latencies, failures, tokenRequests }: Outcome, duration: number): Budget[] {
  return [
    // A call that waits for a refresh takes most of the delay.
    atMost(`${ours.name}: slowest request, with no wait for a refresh`, quantile(latencies, 1), 100, "ms"),
    atMost(`${ours.name}: failed requests`, failures, 0, "requests"),
    // A refresh starts in the last quarter of a lifetime; one more for the edges.
    atMost(
      `${ours.name}: about one token request a lifetime`,
      tokenRequests,
      Math.ceil(duration / (behaviour.lifetime * 0.75)) + 1,
      "token requests",
    ),
  ];
}

async function load(library: Library, duration: number): Promise<Outcome> {
  await using loopback = startLoopback(behaviour);
  const client = library.make(loopback);
  await client.getToken();
  const { counts } = loopback;
  const before = counts.tokenRequests;
  const outcome: Outcome = { latencies: [], failures: 0, unauthorized: 0, tokenRequests: 0 };

  const call = async (dueAt: number) => {
    const ok = await inTime(client.fetch("/item"));
    outcome.latencies.push(performance.now() - dueAt);
    if (!ok) outcome.failures++;
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

  outcome.unauthorized = counts.unauthorized;
  outcome.tokenRequests = counts.tokenRequests - before;
  return outcome;
}

/** Whether a call succeeds in time. */
async function inTime(call: Promise<Response>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLate = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), patience));
  try {
    return await Promise.race([call.then(readWhole), tooLate]);
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

async function readWhole(response: Response): Promise<boolean> {
  await response.body?.cancel();
  return response.ok;
}
