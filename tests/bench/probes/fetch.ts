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
const [batch, rounds] = smoke ? [5, 3] : [50, 151];
const ratios: number[][] = calls.map(() => []);
for (let round = -10; round < rounds; round++) {
  const times: number[] = [];
  // By chance, for each finds the machine as the one ahead of it left it.
  const order = calls.map((call, index) => ({ call, index, rank: Math.random() })).sort((a, b) => a.rank - b.rank);
  for (const { call, index } of order) times[index] = await timePerCall(batch, call);
  if (round >= 0) times.forEach((time, index) => ratios[index]!.push(time / times[0]!));
}
answer(ratios.slice(1).map(median));
