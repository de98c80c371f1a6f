/**
 * Measurements that take a process of their own, on Node, Deno or Bun. The argument is a {@linkcode ProbeInput}, as JSON;
 * the figures are printed likewise.
 *
 * @module
 */

import process from "node:process";
import { pathToFileURL } from "node:url";
import type { Library } from "./clients/client.ts";
import { listen } from "../servers/loopback.ts";
import { memoryApi } from "./loopback.ts";
import { type Call, median, quantile, ratios, timeInTurns } from "./statistics.ts";
import { heapUsed, weigh } from "./weigh.ts";

export interface ProbeInput {
  readonly probe: keyof typeof probes;
  readonly smoke: boolean;
  /** Modules with one client each. All probes but `fetch` take one. */
  readonly clients: readonly string[];
  /** The loopback servers' origin. */
  readonly api: string;
}

/** Figures by name; `null` where a client can't have one. */
export type Figures = Readonly<Record<string, number | null>>;

const probes = { cached, fetch: fetches, bytes, heap, connections, entries, outage };

/** Loads the client of a module. */
export async function loadLibrary(path: string): Promise<Library> {
  const [library] = Object.values(await import(pathToFileURL(path).href));
  return library as Library;
}

if (import.meta.main) {
  const input: ProbeInput = JSON.parse(process.argv[2]!);
  const library = await loadLibrary(input.clients[0]!);
  console.log(JSON.stringify(await probes[input.probe](input, library)));
  process.exit(0);
}

/** A call for a live token, over a bare clock and settled promise. */
async function cached({ smoke, api }: ProbeInput, library: Library): Promise<Figures> {
  const { getToken } = library.make({ api, tokenEndpoint: `${api}/token` });
  const settled = Promise.resolve({});
  const end = Date.now() + 3_600_000;
  const bare = () => Date.now() < end ? settled : Promise.reject(new Error("It took an hour."));
  await getToken();
  const timing = smoke ? { batch: 50, rounds: 3 } : { batch: 20_000, rounds: 41 };
  return { ratio: ratios(await timeInTurns([bare, getToken], timing))[0]! };
}

/** A call of each client, over a bare one with the header. */
async function fetches({ smoke, api, clients }: ProbeInput): Promise<Figures> {
  const headers = { authorization: `Bearer 1~${Date.now() + 3_600_000}` };
  const calls: Call[] = [async () => await (await fetch(`${api}/item`, { headers })).text()];
  for (const path of clients) {
    const { fetch } = (await loadLibrary(path)).make({ api, tokenEndpoint: `${api}/token` });
    calls.push(async () => await (await fetch("/item")).text());
  }
  const timing = smoke ? { batch: 5, rounds: 3 } : { batch: 50, rounds: 151 };
  return Object.fromEntries(ratios(await timeInTurns(calls, timing)).map((ratio, index) => [clients[index], ratio]));
}

/** Bytes allocated by a call over those of a bare one, with no network: the garbage collector never runs. */
async function bytes({ smoke }: ProbeInput, library: Library): Promise<Figures> {
  const setting = memoryApi();
  globalThis.fetch = setting.fetch;
  const { fetch } = library.make(setting);
  const headers = { authorization: "Bearer token" };
  const [calls, warmUps] = smoke ? [100, 1] : [10_000, 5];
  const allocated = async (call: Call) => {
    const before = heapUsed();
    for (let index = 0; index < calls; index++) await call();
    return (process.memoryUsage().heapUsed - before) / calls;
  };
  const found: number[] = [];
  for (let round = -warmUps; round < 5; round++) {
    const added = await allocated(() => fetch("/item")) -
      await allocated(() => setting.fetch(`${setting.api}/item`, { headers }));
    if (round >= 0) found.push(added);
  }
  return { bytes: median(found) };
}

/** Bytes of an idle client. */
async function heap({ smoke }: ProbeInput, library: Library): Promise<Figures> {
  const setting = memoryApi();
  return { bytes: await weigh(smoke ? 200 : 50_000, () => library.make(setting).kept) };
}

/** TCP connections to an API that rejects each client's first call with a body of 64 kB. Node alone. */
async function connections({ smoke, api: issuer }: ProbeInput, library: Library): Promise<Figures> {
  const { createServer } = await import("node:http");
  const tries = smoke ? 2 : 10;
  const rejection = "x".repeat(65_536);
  let [connections, calls, replayed] = [0, 0, 0];
  const server = createServer((_request, response) => {
    const isRejected = calls++ % 2 === 0;
    response.writeHead(isRejected ? 401 : 200).end(isRejected ? rejection : "{}");
  });
  server.on("connection", () => connections++);
  const api = `http://127.0.0.1:${(await listen(server)).port}`;
  for (let index = 0; index < tries; index++) {
    const client = library.make({ api, tokenEndpoint: `${issuer}/token` });
    await client.getToken();
    const response = await client.fetch("/item");
    await response.text();
    if (response.ok) replayed++;
    else calls++;
  }
  // A spare connection is opened after the body was cancelled.
  await new Promise((resolve) => setTimeout(resolve, 100));
  return { connections: replayed === tries ? connections / tries : null };
}

/** Functions entered in a client's module, by V8's precise coverage. Node alone. */
async function entries({ clients: [path] }: ProbeInput, library: Library): Promise<Figures> {
  const { Session } = await import("node:inspector/promises");
  const setting = memoryApi();
  globalThis.fetch = setting.fetch;
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  const count = async (call: Call) => {
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
    // What was there already is counted once; from here on only what is called.
    await session.post("Profiler.takePreciseCoverage");
    await call();
    const { result } = await session.post("Profiler.takePreciseCoverage") as {
      result: { url: string; functions: { ranges: { count: number }[] }[] }[];
    };
    await session.post("Profiler.stopPreciseCoverage");
    const script = result.find(({ url }) => url === pathToFileURL(path!).href);
    return (script?.functions ?? []).reduce((sum, { ranges }) => sum + ranges[0]!.count, 0);
  };
  // What a module makes once is made.
  await library.make(setting).getToken();
  const { getToken, fetch } = library.make(setting);
  const cold = await count(getToken);
  await fetch("/item");
  return { cold, live: await count(() => fetch("/item")) };
}

/** Twenty callers a second of a token endpoint that answers 503. */
async function outage({ smoke }: ProbeInput, library: Library): Promise<Figures> {
  const [arrivals, limit] = smoke ? [400, 500] : [20_000, 25_000];
  const setting = memoryApi(() => new Response("down", { status: 503 }));
  const { getToken } = library.make(setting);
  const start = performance.now();
  const callers: { began: number; ended: number }[] = [];
  const timer = setInterval(async () => {
    const caller = { began: performance.now() - start, ended: Infinity };
    callers.push(caller);
    await getToken().catch(() => {});
    caller.ended = performance.now() - start;
  }, 50);
  setTimeout(() => clearInterval(timer), arrivals);
  await new Promise((resolve) => setTimeout(resolve, limit));
  const now = performance.now() - start;
  const firstFlight = Math.min(now / 2, ...callers.map(({ ended }) => ended));
  // One who still waits has waited so long at least.
  const waits = callers.filter(({ began }) => began >= firstFlight)
    .map(({ began, ended }) => Math.min(ended, now) - began);
  return { p50: quantile(waits, 0.5), p99: quantile(waits, 0.99), requests: setting.requests };
}
