/**
 * Writes a diagnosis for people.
 *
 * @module
 */

import type { Check, Diagnosis } from "./diagnosis.ts";

/** How a diagnosis is written. */
export interface FormatOptions {
  /** How many columns there are. @default {80} */
  readonly width?: number | undefined;
  /** Whether to color it by ANSI escape sequences. @default {false} */
  readonly color?: boolean | undefined;
}

/** One check. */
export function formatCheck(_check: Check, _options: FormatOptions = {}): string {
  throw new Error("to do");
}

/** All of it, on one page. */
export function formatDiagnosis(_diagnosis: Diagnosis, _options: FormatOptions = {}): string {
  throw new Error("to do");
}
