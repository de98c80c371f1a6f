/** Functions entered in a client's module, by V8's precise coverage. Node alone. @module */

import { Session } from "node:inspector/promises";
import { pathToFileURL } from "node:url";
import { answer, type Call, inMemory, input, loadLibrary } from "./probe.ts";

interface Coverage {
  result: { url: string; functions: { ranges: { count: number }[] }[] }[];
}

const path = input.clients[0]!;
const library = await loadLibrary(path);
const setting = inMemory();
globalThis.fetch = setting.fetch;
const session = new Session();
session.connect();
await session.post("Profiler.enable");

async function entries(call: Call): Promise<number> {
  await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: false });
  // What was there already is counted once; from here on only what is called.
  await session.post("Profiler.takePreciseCoverage");
  await call();
  const { result } = await session.post("Profiler.takePreciseCoverage") as Coverage;
  await session.post("Profiler.stopPreciseCoverage");
  const script = result.find(({ url }) => url === pathToFileURL(path).href);
  return (script?.functions ?? []).reduce((sum, { ranges }) => sum + ranges[0]!.count, 0);
}

// What a module makes once is made.
await library.make(setting).getToken();
const client = library.make(setting);
const cold = await entries(client.getToken);
await client.fetch("/item");
const live = await entries(() => client.fetch("/item"));
answer({ cold, live });
