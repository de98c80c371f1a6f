/** Bytes allocated by a call over those of a bare one, with no network: the garbage collector never runs. @module */

import process from "node:process";
import { median } from "../statistics.ts";
import { answer, type Call, collect, inMemory, input, loadLibrary } from "./probe.ts";

const setting = inMemory();
globalThis.fetch = setting.fetch;
const client = (await loadLibrary(input.clients[0]!)).make(setting);
const headers = { authorization: "Bearer token" };
const bare = () => setting.fetch(`${setting.api}/item`, { headers });
const [calls, warmUps] = input.smoke ? [100, 1] : [10_000, 5];

async function allocated(call: Call): Promise<number> {
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let index = 0; index < calls; index++) await call();
  return (process.memoryUsage().heapUsed - before) / calls;
}

const found: number[] = [];
for (let round = -warmUps; round < 5; round++) {
  const added = await allocated(() => client.fetch("/item")) - await allocated(bare);
  if (round >= 0) found.push(added);
}
answer(median(found));
