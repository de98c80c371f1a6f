/** How long a call of each client takes, as a multiple of a bare one with the header. @module */

import { median, timePerCall } from "../statistics.ts";
import { answer, type Call, input, loadLibrary } from "./probe.ts";

const { api, smoke } = input;
const authorization = `Bearer 1~${Date.now() + 3_600_000}`;
const calls: Call[] = [async () => await (await fetch(`${api}/item`, { headers: { authorization } })).text()];
for (const path of input.clients) {
  const client = (await loadLibrary(path)).make({ api, tokenEndpoint: `${api}/token` });
  calls.push(async () => await (await client.fetch("/item")).text());
}
const [batch, rounds] = smoke ? [5, 3] : [100, 81];
const ratios: number[][] = calls.map(() => []);
const bare: number[] = [];
for (let round = -5; round < rounds; round++) {
  const times: number[] = [];
  // Each comes first, and after each other one, equally often.
  for (let step = 0; step < calls.length; step++) {
    const index = (step + round + calls.length * 5) % calls.length;
    times[index] = await timePerCall(batch, calls[index]!);
  }
  if (round < 0) continue;
  bare.push(times[0]!);
  times.forEach((time, index) => ratios[index]!.push(time));
}
answer(ratios.slice(1).map((times) => median(times) / median(bare)));
