/**
 * Reads how long a server asks to wait: `Retry-After` (RFC 9110 §10.2.3), and the headers that are sent in its place.
 *
 * @module
 */

/** What is longer makes no sense, in milliseconds: a day. */
const longest = 86_400_000;

/** Headers that a limited client gets: seconds until its limit is reset, or the moment. */
const resets = ["ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"];

/** How long to wait, in milliseconds from `now`; the longest of what the response says, `undefined` if it says nothing. */
export function readRetryAfter(
  { status, headers }: Pick<Response, "status" | "headers">,
  now: number,
): number | undefined {
  const texts = [headers.get("retry-after"), headers.get("x-retry-after")];
  if (status === 429 || status === 503) {
    texts.push(...resets.map((name) => headers.get(name)));
    // The draft of the IETF's, in two editions: "limit=10, reset=60", and "default;r=0;t=60".
    texts.push(/(?:^|[;,\s])(?:t|reset)=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1] ?? null);
  }
  const times = texts.flatMap((text) => parseRetryAfter(text, now) ?? []);
  return times.length > 0 ? Math.min(Math.max(...times), longest) : undefined;
}

/** The time in one header, in milliseconds from `now`: seconds, the moment in seconds or milliseconds, or a date. */
export function parseRetryAfter(value: string | null, now: number): number | undefined {
  const text = value?.trim() ?? "";
  const [, digits] = /^(\d+(?:\.\d+)?) ?s?$/.exec(text) ?? [];
  const number = Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
  if (number < 1e9) return number * 1000;
  // A date always names its day and time. None is longer than one with its day's name in full.
  const isDate = text.length <= 40 && /[a-z]{3}.*\d:\d|^\d{4}-\d\d-\d\dT/i.test(text);
  const date = isDate ? Date.parse(text) : NaN;
  const moment = digits ? number < 1e11 ? number * 1000 : number : date;
  return Number.isFinite(moment) ? Math.max(0, moment - now) : undefined;
}
