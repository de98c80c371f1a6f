/**
 * Reads the limits that servers state in headers.
 *
 * @module
 */

import { readRetryAfter } from "../http/retry_after.ts";
import type { Exchange } from "./examination.ts";

/** A limit, as far as it is stated. */
export interface RateLimit {
  readonly limit?: number | undefined;
  readonly remaining?: number | undefined;
  /** In milliseconds. */
  readonly reset?: number | undefined;
}

type Answer = Pick<Exchange, "status" | "headers" | "receivedAt">;

/** Reads it from `RateLimit` (both editions of the draft), `RateLimit-*`, `X-RateLimit-*`, `X-Rate-Limit-*`. */
export function readRateLimit({ headers, receivedAt }: Answer): RateLimit | undefined {
  const text = headers.get("ratelimit") ?? "";
  const policy = headers.get("ratelimit-policy") ?? "";
  const read = (name: string, pattern: RegExp): number | undefined => {
    const values = ["ratelimit-", "x-ratelimit-", "x-rate-limit-"].map((prefix) => headers.get(prefix + name));
    const [value] = values.flatMap((each) => /^\s*\d+/.exec(each ?? "")?.[0] ?? []);
    return value === undefined ? readNumber(pattern, text) : Number(value);
  };
  const limit = read("limit", /\blimit=(\d+)/) ?? readNumber(/\bq=(\d+)/, policy);
  const remaining = read("remaining", /\b(?:remaining|r)=(\d+)/);
  if (limit === undefined && remaining === undefined) return undefined;
  // As with a 429, whatever the status is.
  return { limit, remaining, reset: readRetryAfter({ status: 429, headers }, receivedAt) };
}

function readNumber(pattern: RegExp, text: string): number | undefined {
  const digits = pattern.exec(text)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
