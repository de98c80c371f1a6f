/**
 * The error of a command line, or of settings, that can't be used.
 *
 * @module
 */

/** Says what is wrong with the command line or the settings, and what to write instead. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Names the nearest of some names, if one is near: for messages. */
export function suggest(given: string, names: readonly string[]): string {
  const ranked = names.map((name) => ({ name, distance: measureDistance(given, name) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  if (best === undefined || best.distance > Math.max(2, given.length / 3)) return "";
  return ` Did you mean ${best.name}?`;
}

/** The number of letters to insert, delete or replace (Levenshtein). */
function measureDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
