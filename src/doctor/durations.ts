/**
 * Writes durations for people.
 *
 * @module
 */

const units = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000]] as const;

/** Formats milliseconds by their two largest units: `1 h 30 min`, `20 s`. */
export function formatDuration(milliseconds: number): string {
  let rest = Math.round(milliseconds / 1_000) * 1_000;
  const parts: string[] = [];
  for (const [name, unit] of units) {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    if (count > 0 || parts.length > 0) parts.push(count > 0 ? `${count} ${name}` : "");
  }
  return parts.slice(0, 2).filter(Boolean).join(" ") || "0 s";
}
