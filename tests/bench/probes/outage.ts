/** Twenty callers a second of a token endpoint that answers 503. @module */

import { quantile } from "../statistics.ts";
import { answer, inMemory, input, loadLibrary } from "./probe.ts";

const [arrivals, limit] = input.smoke ? [400, 500] : [20_000, 25_000];
const setting = inMemory(() => new Response("down", { status: 503 }));
const client = (await loadLibrary(input.clients[0]!)).make(setting);
const start = performance.now();
const callers: { began: number; wait: number | undefined }[] = [];
let firstFlight = Infinity;

async function call(): Promise<void> {
  const caller: typeof callers[number] = { began: performance.now() - start, wait: undefined };
  callers.push(caller);
  await client.getToken().catch(() => {});
  const now = performance.now() - start;
  firstFlight = Math.min(firstFlight, now);
  caller.wait = now - caller.began;
}

const timer = setInterval(() => void call(), 50);
await new Promise((resolve) => setTimeout(resolve, arrivals));
clearInterval(timer);
const now = await new Promise<number>((resolve) =>
  setTimeout(() => resolve(performance.now() - start), limit - arrivals)
);
// One who still waits has waited so long at least.
const waits = callers.filter(({ began }) => began >= Math.min(firstFlight, now / 2)).map(({ began, wait }) =>
  wait ?? now - began
);
answer({ p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), requests: setting.requests, firstFlight });
