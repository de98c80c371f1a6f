/**
 * Text in lines, fit for a terminal.
 *
 * @module
 */

/** Strips control characters and such that change the direction of a text: servers wrote parts of these. */
export function sanitize(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ").trim();
}

/** Wraps a text at blanks; words that are longer than a line (URLs, lists), after a sign of punctuation. */
export function wrap(text: string, given: number): string[] {
  const width = Math.max(given, 16);
  const lines: string[] = [];
  let line = "";
  for (let word of sanitize(text).split(" ")) {
    if (line && line.length + 1 + word.length <= width) {
      line += ` ${word}`;
      continue;
    }
    if (line) lines.push(line);
    while (word.length > width) {
      const [part = word.slice(0, width)] = /^.*[/,;&?=_.:-]/.exec(word.slice(0, width)) ?? [];
      lines.push(part);
      word = word.slice(part.length);
    }
    line = word;
  }
  return line ? [...lines, line] : lines;
}
