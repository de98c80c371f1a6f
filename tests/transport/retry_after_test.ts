import { assertEquals } from "@std/assert";
import { parseRetryAfter } from "../../src/http/retry_after.ts";

const cases: [value: string | null, milliseconds: number | undefined][] = [
  ["120", 120_000],
  [" 0 ", 0],
  ["Thu, 01 Jan 2026 00:01:00 GMT", 60_000],
  ["Wed, 31 Dec 2025 23:59:00 GMT", 0],
  ...[null, "", "soon", "-5", "1.5", "1e9", "0x10"].map((value): [typeof value, undefined] => [value, undefined]),
];
Deno.test("parseRetryAfter: returns milliseconds from now, for seconds or a date", () => {
  for (const [value, expected] of cases) {
    assertEquals(parseRetryAfter(value, Date.parse("2026-01-01T00:00:00Z")), expected, String(value));
  }
});
