import { assertEquals } from "@std/assert";
import { parseRetryAfter, readRetryAfter } from "../../src/http/retry_after.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

const cases: [value: string | null, milliseconds: number | undefined][] = [
  ["120", 120_000],
  [" 0 ", 0],
  ["1.5", 1_500],
  ["7s", 7_000],
  ["7 s", 7_000],
  [String(now / 1000 + 60), 60_000],
  [String(now + 60_000), 60_000],
  [String(now / 1000 - 60), 0],
  ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
  ["2026-01-01T00:01:00Z", 60_000],
  ["Wed, 31 Dec 2025 23:59:00 GMT", 0],
  ...[null, "", "soon", "-5", "1e9", "0x10", "7m"].map((value): [typeof value, undefined] => [value, undefined]),
];
for (const [value, expected] of cases) {
  Deno.test(`parseRetryAfter: reads ${value}`, () => assertEquals(parseRetryAfter(value, now), expected));
}

const answers: [status: number, headers: Record<string, string>, milliseconds: number | undefined][] = [
  [429, {}, undefined],
  [400, { "retry-after": "5" }, 5_000],
  [429, { "x-retry-after": "5" }, 5_000],
  [429, { "ratelimit-reset": "5" }, 5_000],
  [429, { "x-ratelimit-reset": String(now / 1000 + 5) }, 5_000],
  [503, { "x-rate-limit-reset": "5" }, 5_000],
  [429, { ratelimit: "limit=10, remaining=0, reset=5" }, 5_000],
  [429, { ratelimit: '"default";r=0;t=5' }, 5_000],
  [429, { ratelimit: "limit=10" }, undefined],
  [429, { "retry-after": "5", "ratelimit-reset": "9" }, 9_000],
  [429, { "retry-after": "soon", "x-ratelimit-reset": "9" }, 9_000],
  [429, { "retry-after": "999999" }, 86_400_000],
  // Many servers tell of their limits in every answer.
  [400, { "x-ratelimit-reset": "5", ratelimit: "reset=5" }, undefined],
];
for (const [status, headers, expected] of answers) {
  Deno.test(`readRetryAfter: reads ${status} with ${JSON.stringify(headers)}`, () => {
    assertEquals(readRetryAfter({ status, headers: new Headers(headers) }, now), expected);
  });
}
