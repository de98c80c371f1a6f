/**
 * Writes a diagnosis for people.
 *
 * @module
 */

import type { Check, CheckStatus, Diagnosis } from "./diagnosis.ts";
import { createStyle, type Style } from "./style.ts";
import { sanitize, wrap } from "./wrap.ts";

/** How a diagnosis is written. */
export interface FormatOptions {
  /** How many columns there are; what is narrower than 40 counts as 40. @default {80} */
  readonly width?: number | undefined;
  /** Whether to color it by ANSI escape sequences. @default {false} */
  readonly color?: boolean | undefined;
}

const marks: Readonly<Record<CheckStatus, readonly [mark: string, style: keyof Style]>> = {
  passed: ["✓", "green"],
  warned: ["!", "yellow"],
  failed: ["✗", "red"],
  skipped: ["–", "dim"],
};

/** Where texts begin: after the mark and the check's name. */
const indent = 25;
/** Below this, names have a line of their own. */
const narrow = 60;

/**
 * Writes one check: a line with its mark, its name and what was seen, then what to change.
 *
 * @example
 * ```ts
 * import { formatCheck } from "@m2m/authenticator/doctor";
 * import { assertEquals } from "@std/assert";
 *
 * const check = { name: "token", status: "passed", seen: "A JWT that lives for 10 minutes.", duration: 0 } as const;
 * assertEquals(formatCheck(check), "✓ token                  A JWT that lives for 10 minutes.");
 * ```
 *
 * @param check The check.
 * @param options The width, and whether to color it.
 * @returns One or several lines, without a line break at the end.
 */
export function formatCheck(check: Check, options: FormatOptions = {}): string {
  const { width = 80, color = false } = options;
  const style = createStyle(color);
  const { status, change } = check;
  const [mark, kind] = marks[status];
  const name = sanitize(check.name);
  const isNarrow = width < narrow;
  const start = isNarrow ? 2 : indent;
  const quiet = (text: string) => status === "skipped" ? style.dim(text) : text;
  const seen = wrap(check.seen, width - start).map(quiet);
  const title = status === "skipped" ? style.dim(name) : style.bold(name);
  const head = `${style[kind](mark)} ${title}`;
  // A name that is too long, and all names on a narrow terminal, stand above the text.
  const isAbove = isNarrow || name.length > indent - 3;
  const gap = " ".repeat(Math.max(0, indent - 2 - name.length));
  const lines = isAbove ? [head, ...seen.map((line) => pad(line, start))] : [
    head + (seen[0] ? gap + seen[0] : ""),
    ...seen.slice(1).map((line) => pad(line, start)),
  ];
  if (change && (status === "warned" || status === "failed")) {
    lines.push(...formatChange(change, width, start, style[kind]));
  }
  return lines.join("\n");
}

/**
 * Writes a diagnosis on one page: all checks, then the cause, what to change, and what was ruled out.
 *
 * @example
 * ```ts
 * import { formatDiagnosis } from "@m2m/authenticator/doctor";
 * import { assertEquals } from "@std/assert";
 *
 * const diagnosis = { isFine: true, checks: [], ruledOut: [], tokenRequests: 1, runtime: "Deno/2.9.6" };
 * assertEquals(
 *   formatDiagnosis(diagnosis),
 *   "✓ All is well: a token was issued, and the API accepted it.\n\n" +
 *     "1 token request with credentials was sent, on Deno/2.9.6.",
 * );
 * ```
 *
 * @param diagnosis The diagnosis.
 * @param options The width, and whether to color it.
 * @returns Lines, without a line break at the end.
 */
export function formatDiagnosis(diagnosis: Diagnosis, options: FormatOptions = {}): string {
  const checks = diagnosis.checks.map((check) => formatCheck(check, options));
  return [...checks.length ? [checks.join("\n")] : [], formatSummary(diagnosis, options)].join("\n\n");
}

/**
 * Writes the end of a diagnosis, for callers that have written its checks already: the cause, and what was ruled out.
 *
 * @example
 * ```ts
 * import { formatSummary } from "@m2m/authenticator/doctor";
 * import { assertEquals } from "@std/assert";
 *
 * const cause = { name: "clock", status: "failed", seen: "It is ahead.", change: "Set it.", duration: 0 } as const;
 * const others = { checks: [cause], ruledOut: [], tokenRequests: 2, runtime: "Deno/2.9.6" };
 * const [title] = formatSummary({ isFine: false, cause, ...others }).split("\n");
 * assertEquals(title, "✗ Cause: clock");
 * ```
 *
 * @param diagnosis The diagnosis.
 * @param options The width, and whether to color it.
 * @returns Lines, without a line break at the end.
 */
export function formatSummary(diagnosis: Diagnosis, options: FormatOptions = {}): string {
  const { width = 80, color = false } = options;
  const { cause, checks, isFine, ruledOut, tokenRequests, runtime } = diagnosis;
  const style = createStyle(color);
  const blocks: string[][] = [];
  if (cause) {
    const title = `${style.red("✗")} ${style.bold(`Cause: ${sanitize(cause.name)}`)}`;
    blocks.push([
      title + (cause.code ? style.dim(` (${cause.code})`) : ""),
      ...wrap(cause.seen, width - 2).map((line) => pad(line, 2)),
      ...cause.change ? formatChange(cause.change, width, 2, style.red) : [],
    ]);
  } else {
    const isRemarked = checks.some(({ status }) => status === "warned");
    // A remark on the call may be that the API doesn't look at tokens there.
    const isAccepted = checks.every(({ name, status }) => name !== "API call" || status === "passed");
    const text = isFine
      ? `All is well${isRemarked ? ", but for the remarks" : ""}: a token was issued${
        isAccepted ? ", and the API accepted it" : ""
      }.`
      : "No cause was found: no check failed, but not all could be made.";
    const mark = isFine ? style.green("✓") : style.yellow("!");
    blocks.push(wrap(text, width - 2).map((line, index) => index ? pad(line, 2) : `${mark} ${style.bold(line)}`));
  }
  const [verb, plural] = tokenRequests === 1 ? ["was", ""] : ["were", "s"];
  const sent = `${tokenRequests} token request${plural} with credentials ${verb} sent, on ${runtime}.`;
  const ruled = !isFine && ruledOut.length ? [`Ruled out: ${[...new Set(ruledOut)].join(", ")}.`] : [];
  blocks.push([...ruled, sent].flatMap((text) => wrap(text, width)).map((line) => style.dim(line)));
  return blocks.map((lines) => lines.join("\n")).join("\n\n");
}

function formatChange(change: string, width: number, start: number, paint: (text: string) => string): string[] {
  return wrap(change, width - start - 2).map((line, index) =>
    pad(index ? pad(line, 2) : `${paint("→")} ${line}`, start)
  );
}

function pad(line: string, count: number): string {
  return " ".repeat(count) + line;
}
