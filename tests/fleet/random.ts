/** Choices at random that can be made again. @module */

/** Makes choices. */
export interface Random {
  readonly seed: number;
  /** A number below this one, and not below 0. */
  upTo(limit: number): number;
  shuffle<T>(list: readonly T[]): T[];
  /** Some of the whole numbers below a limit. */
  choose(count: number, limit: number): number[];
}

/** Makes them by a seed; by default, another one each time. */
export function makeRandom(given: string | undefined): Random {
  const seed = given ? Number(given) : Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  // SplitMix32.
  function upTo(limit: number): number {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32 * limit;
  }
  function shuffle<T>(list: readonly T[]): T[] {
    return list.map((value) => ({ value, rank: upTo(1) })).sort((a, b) => a.rank - b.rank).map(({ value }) => value);
  }
  return {
    seed,
    upTo,
    shuffle,
    choose: (count, limit) => shuffle(Array.from({ length: limit }, (_, index) => index)).slice(0, count),
  };
}
