/**
 * Colors of a terminal, in the sixteen that light and dark themes choose themselves.
 *
 * @module
 */

/** Writes texts in each style. */
export type Style = Readonly<Record<"bold" | "dim" | "red" | "green" | "yellow" | "cyan", (text: string) => string>>;

/** Makes the styles, or ones that leave texts as they are. Start and end are parameters of SGR (ECMA-48). */
export function createStyle(hasColor: boolean): Style {
  const style = (start: number, end: number) => (text: string) =>
    hasColor && text !== "" ? `\x1b[${start}m${text}\x1b[${end}m` : text;
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    red: style(31, 39),
    green: style(32, 39),
    yellow: style(33, 39),
    cyan: style(36, 39),
  };
}
