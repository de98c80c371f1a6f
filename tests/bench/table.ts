/** A measurement's results, as text. @module */

/** A budget of DESIGN, and whether it is met. */
export interface Budget {
  readonly what: string;
  readonly met: boolean;
  /** What was found, and by how much it misses where it does. */
  readonly found: string;
}

/** The result of a measurement. */
export interface Report {
  readonly title: string;
  /** How it was measured, in a sentence or two. */
  readonly how: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  readonly budgets: readonly Budget[];
}

/** A measurement's input. */
export interface Effort {
  /** A few iterations, to see that everything runs; the figures are meaningless. */
  readonly smoke: boolean;
  /** Whether pictures are drawn again. Default: `false`. */
  readonly draw?: boolean;
}

/** The report as an aligned Markdown table, as `tests/README.md` has it: names to the left, figures to the right. */
export function formatReport({ title, how, columns, rows, budgets }: Report): string {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, index) => (cells[index] ?? "")[index === 0 ? "padEnd" : "padStart"](width)).join(" | ")} |`;
  const rule = line(widths.map((width, index) => index === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  const verdicts = budgets.map(({ what, met, found }) => `${met ? "met   " : "MISSED"}  ${what}: ${found}`);
  return [`## ${title}`, "", how, "", line(columns), rule, ...rows.map(line), "", ...verdicts, ""].join("\n");
}

/** A budget that is a ceiling. */
export function atMost(what: string, value: number, ceiling: number, unit: string): Budget {
  const met = value <= ceiling;
  const over = met ? "" : `, ${show(value - ceiling)} over ${show(ceiling)}`;
  return { what, met, found: `${show(value)} ${unit}${over}` };
}

/** A rounded figure. */
export function show(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 0 });
}

/** The ratio of two figures. */
export function times(value: number, reference: number): string {
  return `${(value / reference).toFixed(2)}×`;
}
