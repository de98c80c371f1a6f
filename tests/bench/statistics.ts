/** What many figures come down to. @module */

/** The value below which this share of the values lies; 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** How long one of `count` calls takes, in microseconds: one after the other, or in several lanes at once. */
export async function timePerCall(
  count: number,
  call: () => Promise<unknown>,
  { lanes = 1 }: { lanes?: number } = {},
): Promise<number> {
  const start = performance.now();
  if (lanes === 1) await repeat(count, call);
  else await Promise.all(Array.from({ length: lanes }, () => repeat(count / lanes, call)));
  return (performance.now() - start) * 1000 / count;
}

async function repeat(count: number, call: () => Promise<unknown>): Promise<void> {
  for (let index = 0; index < count; index++) await call();
}
