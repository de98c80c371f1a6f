/** What a token store costs a call with a live token, and saves a process that starts. @module */

import { sharedTokens } from "@m2m/authenticator/token-store";
import { denoOutput } from "../structure/deno_output.ts";
import type { Setting } from "./clients/client.ts";
import { makeMember } from "./fleet_member.ts";
import { memoryApi, startLoopback } from "./loopback.ts";
import { type Call, quantile, timeInTurns, type Timing } from "./statistics.ts";
import { type Effort, type Report, show } from "./table.ts";
import { serveStore, storeAt, watchedStore } from "./watched_store.ts";

/** How far away the token endpoint of a cold start is, in milliseconds. */
const delay = 150;
/** By how much a ratio may exceed 1, if those without a store don't differ by more. */
const leastNoise = 0.03;

type Member = ReturnType<typeof makeMember>;

export async function measureStoreCosts({ smoke }: Effort): Promise<Report> {
  await using loopback = startLoopback({ delay: 0, lifetime: 3_600_000 });
  const fetchText = ({ fetch }: Member) => async () => await (await fetch("/item")).text();
  const timing = (batch: number, rounds: number) => smoke ? { batch: 5, rounds: 3 } : { batch, rounds };
  const live = {
    "getCredentials()": await compare(loopback, (each) => () => each.getCredentials(), timing(5_000, 401)),
    "fetch, no network": await compare(memoryApi(), ({ fetch }) => () => fetch("/item"), timing(2_500, 401)),
    "fetch, loopback": await compare(loopback, fetchText, timing(25, 401)),
  };
  const tries = smoke ? 1 : 15;
  const cold = Object.entries(await compareFirstTokens(tries))
    .map(([name, times]) => ({ name: `the first token of ${name}`, ...times, ratio: times.shared / times.alone }));
  return {
    title: "The cost of a token store",
    how:
      "With a live token: four authenticators with a store in turns with four without, which in halves show the noise; the fast batches of each. The " +
      "store sees no operation meanwhile. The first token comes from a warm store that is reached over HTTP on loopback, " +
      `or from a token endpoint ${delay} ms away: the fastest of ${tries}, of a new process after it has loaded its modules.`,
    columns: ["what", "without a store, µs", "with, µs", "ratio", "ratio of those without"],
    rows: [
      ...Object.entries(live).map(([name, { alone, shared, ratio, control }]) => [
        `${name}, a live token`,
        ...[alone, shared].map((time) => time.toFixed(3)),
        ...[ratio, control].map((ratio) => ratio.toFixed(3)),
      ]),
      ...cold.map(({ name, alone, shared, ratio }) => [name, show(alone), show(shared), ratio.toFixed(3), "–"]),
    ],
    budgets: [
      ...Object.entries(live).map(([name, { ratio, control }]) => {
        const noise = Math.max(leastNoise, Math.abs(control - 1));
        return {
          what: `${name} with a store over the same without`,
          met: ratio <= 1 + noise,
          found: `${ratio.toFixed(3)}, budget 1 and ${noise.toFixed(3)} of noise`,
        };
      }),
      ...cold.map(({ name, ratio }) => ({
        what: `${name}, from a warm store over a token request ${delay} ms away`,
        met: ratio < 0.1,
        found: `${ratio.toFixed(3)}, budget 0.1`,
      })),
    ],
  };
}

/** Compares calls with a live token, four authenticators of each kind. Times in microseconds. */
async function compare(setting: Setting, toCall: (member: Member) => Call, timing: Timing) {
  let operations = 0;
  const store = sharedTokens(watchedStore(() => operations++));
  const members = Array.from({ length: 8 }, (_, index) => {
    return makeMember(setting, { tokenStore: index < 4 ? undefined : store });
  });
  for (const member of members) await member.ready();
  const before = operations;
  const times = await timeInTurns(members.map(toCall), timing);
  if (before === 0 || operations > before) throw new Error("A call with a live token asked the store.");
  // What else the machine does only adds.
  const fast = times.map((each) => quantile(each, 0.1));
  const mean = (from: number, to: number) => fast.slice(from, to).reduce((sum, time) => sum + time, 0) / (to - from);
  const [alone, shared] = [mean(0, 4), mean(4, 8)];
  return { alone, shared, ratio: shared / alone, control: mean(0, 2) / mean(2, 4) };
}

/** Compares first tokens: of new authenticators, and of new processes. Times in microseconds. */
async function compareFirstTokens(tries: number): Promise<Record<string, { alone: number; shared: number }>> {
  await using loopback = startLoopback({ delay, lifetime: 3_600_000 });
  await using store = serveStore();
  const measureHere = async (origin?: string) => {
    const start = performance.now();
    await makeMember(loopback, { tokenStore: origin ? sharedTokens(storeAt(origin)) : undefined }).getCredentials();
    return (performance.now() - start) * 1_000;
  };
  const measureProcess = async (origin = "") => {
    const program = ["--quiet", "--allow-all", "tests/bench/first_token.ts"];
    const { success, stdout, stderr } = await denoOutput("run", ...program, loopback.api, origin);
    if (!success) throw new Error(`A new process got no token: ${stderr}`);
    return Number(stdout);
  };
  await measureHere(store.origin);
  const compare = async (measure: (origin?: string) => Promise<number>) => {
    const [alone, shared]: [number[], number[]] = [[], []];
    const before = loopback.counts.tokenRequests;
    while (shared.length < tries) {
      alone.push(await measure());
      shared.push(await measure(store.origin));
    }
    if (loopback.counts.tokenRequests > before + tries) throw new Error("A token that is stored was requested.");
    return { alone: Math.min(...alone), shared: Math.min(...shared) };
  };
  return {
    "a new authenticator": await compare(measureHere),
    "a new process": await compare(measureProcess),
  };
}
