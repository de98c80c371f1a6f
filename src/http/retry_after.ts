/**
 * Reads `Retry-After` (RFC 9110 §10.2.3).
 *
 * @module
 */

/** How long to wait, in milliseconds from `now`; `undefined` where the header is absent or unreadable. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER);
  // As long as the longest form of a date, with its day's name in full: what is longer isn't worth reading.
  if (text.length > 40) return undefined;
  // A date always names its day and time; Date.parse alone would take "1.5" for a year.
  const date = /[a-z]{3}.*\d:\d/i.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
