/** The demo's output: a line for each event, with its end and its duration. @module */

/** A longer value is wrapped, in characters. */
const valueWidth = 80;

/** Rows of a name and a value, the values below each other. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.flatMap(([name, value]) =>
    wrap(value).map((line, index) => `  ${(index === 0 ? name : "").padEnd(width)}  ${line}`)
  ).join("\n");
}

/** `text` in lines, broken between words. */
function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const longer = `${lines.at(-1)} ${word}`;
    if (lines.length > 0 && longer.length <= valueWidth) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

export class Timeline {
  readonly #start = performance.now();
  readonly #coloured: boolean;

  constructor(coloured: boolean) {
    this.#coloured = coloured;
  }

  /** Milliseconds since the beginning. */
  get elapsed(): number {
    return performance.now() - this.#start;
  }

  text(line: string): void {
    console.log(line);
  }

  heading(line: string): void {
    console.log(`\n${this.#paint("1", line)}`);
  }

  /** An event, with its duration in milliseconds and its end by `performance.now()`. */
  event(took: number, done: string, outcome: string, ended = performance.now()): void {
    const times = `${seconds(ended - this.#start).padStart(8)} ${short(took).padStart(9)}`;
    console.log(`${this.#paint("2", times)}  ${done.padEnd(20)}  ${outcome}`);
  }

  /** Explains the event above. */
  remark(line: string): void {
    console.log(`${" ".repeat(20)}${this.#paint("32", line)}`);
  }

  failure(line: string): void {
    console.log(this.#paint("31", `FAILED: ${line}`));
  }

  #paint(code: string, text: string): string {
    return this.#coloured ? `\x1b[${code}m${text}\x1b[0m` : text;
  }
}

/** `2.91 s` */
export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** `4.2 ms`, or `0.35 µs` below a hundredth of that. */
export function short(milliseconds: number): string {
  return milliseconds >= 0.01 ? `${milliseconds.toFixed(1)} ms` : `${(milliseconds * 1000).toFixed(2)} µs`;
}
