/** What the examples use of vitest. The kit itself is tried with vitest in `tests/testing`. @module */

import { assertEquals } from "@std/assert";

/** Runs a test at once. */
export function test(name: string, run: () => Promise<void>): void {
  run().then(() => console.log(`passed: ${name}`));
}

/** Compares a value. */
export function expect(actual: unknown): { toEqual(expected: unknown): void } {
  return { toEqual: (expected) => assertEquals(actual, expected) };
}
