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
}

/** The report as an aligned Markdown table, as `tests/README.md` has it. */
export function formatReport({ title, how, columns, rows, budgets }: Report): string {
  const widths = columns.map((column, index) => Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)));
  // Names to the left, figures to the right.
  const line = (cells: readonly string[]) =>
    `| ${
      widths.map((width, index) =>
        index === 0 ? (cells[index] ?? "").padEnd(width) : (cells[index] ?? "").padStart(width)
      ).join(" | ")
    } |`;
  const rule = `| ${
    widths.map((width, index) => index === 0 ? "-".repeat(width) : "-".repeat(width - 1) + ":").join(" | ")
  } |`;
  return [
    `## ${title}`,
    "",
    how,
    "",
    line(columns),
    rule,
    ...rows.map(line),
    ...budgets.length > 0 ? ["", ...budgets.map(formatBudget)] : [],
    "",
  ].join("\n");
}

function formatBudget({ what, met, found }: Budget): string {
  return `${met ? "met   " : "MISSED"}  ${what}: ${found}`;
}

/** A budget that is a ceiling. */
export function atMost(what: string, value: number, ceiling: number, unit: string): Budget {
  const met = value <= ceiling;
  return {
    what,
    met,
    found: `${show(value)} ${unit}${met ? "" : `, ${show(value - ceiling)} over ${show(ceiling)}`}`,
  };
}

/** A rounded figure. */
export function show(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: Math.abs(value) < 10 ? 2 : 0 });
}

/** The ratio of two figures. */
export function times(value: number, reference: number): string {
  return `${(value / reference).toFixed(2)}×`;
}
