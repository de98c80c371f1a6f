/** Memory by object. Runs on Node and Deno. @module */

import process from "node:process";

/** Makes objects, and returns the bytes of one. The first ones pay for what all share, and aren't counted. */
export async function weigh(count: number, make: (index: number) => unknown): Promise<number> {
  for (let index = 0; index < Math.min(count, 2_000); index++) await make(-1 - index);
  const kept: unknown[] = new Array(count);
  const before = heapUsed();
  for (let index = 0; index < count; index++) kept[index] = await make(index);
  const bytes = (heapUsed() - before) / count;
  // Read here, so that none of them is collected before.
  return kept.length === count ? bytes : NaN;
}

/** Bytes, after garbage collection. */
export function heapUsed(): number {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) throw new Error("Cannot measure memory: run with --v8-flags=--expose-gc.");
  gc();
  gc();
  return process.memoryUsage().heapUsed;
}
