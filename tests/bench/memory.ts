/** What a client weighs that waits for work: a service may keep one for each of its tenants. @module */

import { libraries, ours } from "./clients/all.ts";
import type { Library, Setting } from "./clients/client.ts";
import { tokenEndpointInMemory } from "./loopback.ts";
import { atMost, type Effort, type Report, show, times } from "./table.ts";

/** Bytes, at most. */
const budget = 451;

export async function measureMemory({ smoke }: Effort): Promise<Report> {
  const count = smoke ? 200 : 100_000;
  const weights: { idle: number; withToken: number | undefined }[] = [];
  for (const library of libraries) {
    weights.push(await weigh(library, Math.min(count, library.weighed ?? count)));
  }
  const own = weights[0]!.idle;
  return {
    title: "Heap of an idle client",
    how: `\`heapUsed\` after garbage collection, divided by ${show(count)} clients of the same server (${
      libraries.filter(({ weighed }) => weighed !== undefined).map(({ name, weighed }) =>
        `${show(weighed!)} of ${name}`
      ).join(", ")
    }), each with its id and secret. A cache by hand is a few closures.`,
    columns: ["client", "new, bytes", "of ours", "with a token, bytes"],
    rows: weights.map(({ idle, withToken }, index) => [
      libraries[index]!.name,
      show(idle),
      times(idle, own),
      withToken === undefined ? `not measured: ${libraries[index]!.networkOnly}` : show(withToken),
    ]),
    budgets: [atMost(`${ours.name}: heap per idle authenticator`, own, budget - 1, "bytes")],
  };
}

/** Bytes of one of `count`, in this process. */
export async function weigh(
  library: Library,
  count: number,
): Promise<{ idle: number; withToken: number | undefined }> {
  const { fetch } = tokenEndpointInMemory({ delay: 0, lifetime: 3_600_000 });
  const setting = { tokenEndpoint: "http://127.0.0.1:9/token", api: "http://127.0.0.1:9", fetch };
  // The first ones pay for what all share.
  for (let index = 0; index < Math.min(count, 2_000); index++) {
    await obtain(library, library.create(setting), setting);
  }
  const instances: unknown[] = new Array(count);
  const empty = heapUsed();
  for (let index = 0; index < count; index++) instances[index] = library.create(setting);
  const before = heapUsed();
  const idle = (before - empty) / count;
  if (library.networkOnly !== undefined) return { idle, withToken: undefined };
  const some = Math.ceil(count / 10);
  for (const instance of instances.slice(0, some)) await obtain(library, instance, setting);
  const withToken = idle + (heapUsed() - before) / some;
  // Read here, so that none of them is collected before.
  return { idle, withToken: instances.length === count ? withToken : NaN };
}

async function obtain(library: Library, instance: unknown, setting: Setting): Promise<void> {
  if (library.networkOnly === undefined) await library.use(instance, setting).getToken();
}

/** Bytes, after garbage collection. */
export function heapUsed(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Cannot measure memory: run with --v8-flags=--expose-gc.");
  gc();
  gc();
  return Deno.memoryUsage().heapUsed;
}
