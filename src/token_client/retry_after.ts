/**
 * Reads `Retry-After` (RFC 9110 §10.2.3).
 *
 * @module
 */

/** How long to wait, in milliseconds from `now`; `undefined` where the header is absent or unreadable. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // A date always names its day and time; Date.parse alone would take "1.5" for a year.
  const date = /[a-z]{3}.*\d:\d/i.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
