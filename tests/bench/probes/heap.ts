/** Bytes of an idle client, in a process of its own. @module */

import process from "node:process";
import { answer, collect, inMemory, input, loadLibrary } from "./probe.ts";

const library = await loadLibrary(input.clients[0]!);
const count = input.smoke ? 200 : library.weighed ?? 50_000;
const setting = inMemory();
// The first ones pay for what all share.
for (let index = 0; index < Math.min(count, 2_000); index++) library.create(setting);
const instances: unknown[] = new Array(count);
collect();
const before = process.memoryUsage().heapUsed;
for (let index = 0; index < count; index++) instances[index] = library.create(setting);
collect();
const bytes = (process.memoryUsage().heapUsed - before) / count;
answer(instances.length === count ? bytes : null);
