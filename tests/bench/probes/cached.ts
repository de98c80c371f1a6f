/** Nanoseconds of a bare clock and settled promise, and of a live token. @module */

import { median, timePerCall } from "../statistics.ts";
import { answer, input, loadLibrary } from "./probe.ts";

const { getToken } = (await loadLibrary(input.clients[0]!)).make({
  api: input.api,
  tokenEndpoint: `${input.api}/token`,
});
const settled = Promise.resolve({});
const end = Date.now() + 3_600_000;
const bare = () => Date.now() < end ? settled : Promise.reject(new Error("It took an hour."));
const [calls, rounds] = input.smoke ? [50, 3] : [20_000, 41];
const found: { bare: number; client: number }[] = [];
await getToken();
for (let round = -4; round < rounds; round++) {
  const times = { bare: await timePerCall(calls, bare) * 1000, client: await timePerCall(calls, getToken) * 1000 };
  if (round >= 0) found.push(times);
}
answer({ ratio: median(found.map(({ bare, client }) => client / bare)) });
