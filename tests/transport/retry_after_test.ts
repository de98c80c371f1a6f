import { assertEquals } from "@std/assert";
import { parseRetryAfter } from "../../src/http/retry_after.ts";

const now = Date.parse("2026-01-01T00:00:00Z");

Deno.test("Retry-After is seconds, or a date, in milliseconds from now", () => {
  assertEquals(parseRetryAfter("120", now), 120_000);
  assertEquals(parseRetryAfter(" 0 ", now), 0);
  assertEquals(parseRetryAfter("Thu, 01 Jan 2026 00:01:00 GMT", now), 60_000);
  assertEquals(parseRetryAfter("Wed, 31 Dec 2025 23:59:00 GMT", now), 0);
});

Deno.test("an unreadable Retry-After says nothing", () => {
  for (const value of [null, "", "soon", "-5", "1.5", "1e9", "0x10"]) {
    assertEquals(parseRetryAfter(value, now), undefined, String(value));
  }
});
