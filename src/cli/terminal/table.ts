/**
 * Text in columns.
 *
 * @module
 */

import { wrap } from "../../doctor/wrap.ts";

/** Writes names and texts beside each other, or below where there is no room. */
export function formatTable(
  rows: readonly (readonly [name: string, text: string])[],
  { width, column, paint }: {
    readonly width: number;
    /** Where the texts begin. */
    readonly column: number;
    readonly paint: (name: string) => string;
  },
): string[] {
  const isNarrow = width < 2 * column;
  const start = isNarrow ? 6 : column;
  const space = " ".repeat(start);
  return rows.flatMap(([name, text]) => {
    const [first = "", ...others] = wrap(text, Math.max(20, width - start)).map((line) => space + line);
    const painted = `  ${paint(name)}`;
    if (isNarrow || name.length + 4 > start) return [painted, first, ...others];
    return [painted + first.slice(name.length + 2), ...others];
  });
}
