/**
 * Assertions that every test framework understands: they throw.
 *
 * @module
 */

import type { RecordedRequest } from "./recorded_request.ts";

/** Throws if there weren't so many token requests. */
export function assertTokenRequests(requests: readonly RecordedRequest[], expected: number): void {
  const actual = requests.length;
  if (actual === expected) return;
  const noun = expected === 1 ? "token request" : "token requests";
  fail(`Expected ${expected} ${noun}, but there ${actual === 1 ? "was" : "were"} ${actual}${list(requests)}`, {
    expected,
    actual,
  });
}

/** Throws if the calls weren't these, each `METHOD /path` or `METHOD /path STATUS`. */
export function assertCalls(calls: readonly RecordedRequest[], expected: readonly string[]): void {
  const actual = calls.map(({ method, path, status }, index) =>
    / \d+$/.test(expected[index] ?? "") ? `${method} ${path} ${status}` : `${method} ${path}`
  );
  if (actual.length === expected.length && actual.every((call, index) => call === expected[index])) return;
  const wanted = expected.length === 0 ? "no call" : `the calls ${expected.join(", ")}`;
  fail(`Expected ${wanted}, but there ${calls.length === 1 ? "was" : "were"} ${calls.length}${list(calls)}`, {
    expected,
    actual,
  });
}

function list(requests: readonly RecordedRequest[]): string {
  return requests.length === 0 ? "." : `:\n${requests.map((request) => `  ${request}`).join("\n")}`;
}

/** Test runners show the difference of `actual` and `expected`. */
function fail(message: string, values: { expected: unknown; actual: unknown }): never {
  throw Object.assign(new Error(message), { name: "AssertionError", ...values });
}
