/** Repeated measurements, and what many figures come down to. @module */

/** The value below which this share of the values lies; 0.5 is the median. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** A call, by a client or bare. */
export type Call = () => Promise<unknown>;

/** How calls are timed. */
export interface Timing {
  /** How many calls make a batch. */
  readonly batch: number;
  /** How many batches of each call are timed. */
  readonly rounds: number;
  /** How many calls run at once. Default: 1. */
  readonly lanes?: number;
}

/**
 * Times calls in turns; returns for each the microseconds of one, by round. Their order is by chance: each finds the
 * machine as the one ahead of it left it.
 */
export async function timeInTurns(
  calls: readonly Call[],
  { batch, rounds, lanes = 1 }: Timing,
  slowness: readonly number[] = [],
): Promise<number[][]> {
  const found: number[][] = calls.map(() => []);
  for (let round = -4; round < rounds; round++) {
    const turns = calls.map((call, index) => ({ call, index, rank: Math.random() })).sort((a, b) => a.rank - b.rank);
    for (const { call, index } of turns) {
      const count = batch / (slowness[index] ?? 1);
      const start = performance.now();
      await Promise.all(Array.from({ length: lanes }, () => repeat(count / lanes, call)));
      if (round >= 0) found[index]!.push((performance.now() - start) * 1000 / count);
    }
  }
  return found;
}

async function repeat(count: number, call: Call): Promise<void> {
  for (let index = 0; index < count; index++) await call();
}

/** The ratio of each call's time to the first's, by the median of the rounds' ratios. */
export function ratios([first = [], ...others]: number[][]): number[] {
  return others.map((times) => median(times.map((time, round) => time / first[round]!)));
}
