/**
 * Colors of a terminal, in the sixteen that light and dark themes choose themselves.
 *
 * @module
 */

import { readEnvironment } from "../host.ts";

/** Start and end of each style, as parameters of SGR (ECMA-48). */
const styles = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const;

/** Writes texts in each style. */
export type Style = Readonly<Record<keyof typeof styles, (text: string) => string>>;

/** The styles, or ones that leave texts as they are. */
export function createStyle(hasColor: boolean): Style {
  const style = ([name, [start, end]]: [string, readonly [number, number]]) => {
    return [name, (text: string) => hasColor && text !== "" ? `\x1b[${start}m${text}\x1b[${end}m` : text];
  };
  return Object.fromEntries(Object.entries(styles).map((entry) => style(entry as never))) as unknown as Style;
}

/** Whether a stream is written in color: `NO_COLOR` (no-color.org) before `FORCE_COLOR` before what it is. */
export function isColored(isTerminal: boolean): boolean {
  if (readEnvironment("NO_COLOR")) return false;
  const force = readEnvironment("FORCE_COLOR") ?? readEnvironment("CLICOLOR_FORCE");
  if (force !== undefined) return !/^(0|false|)$/.test(force);
  return isTerminal && readEnvironment("TERM") !== "dumb";
}
