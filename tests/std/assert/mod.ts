/** `@std/assert` of npm's `deno-std`, with types for the functions that the tests use. @module */
import * as std from "npm:deno-std@1.4.0/assert/mod.js";

// deno-lint-ignore no-explicit-any
type ErrorClass<E> = abstract new (...args: any[]) => E;
type Compare = <T>(actual: T, expected: T, msg?: string) => void;
type CompareArrays = <T>(actual: ArrayLike<T>, expected: ArrayLike<T>, msg?: string) => void;

export const assert: (expr: unknown, msg?: string) => asserts expr = std.assert;
export const assertFalse: (expr: unknown, msg?: string) => asserts expr is false = std.assertFalse;
export const assertEquals: Compare = std.assertEquals;
export const assertNotEquals: Compare = std.assertNotEquals;
export const assertStrictEquals: <T>(actual: unknown, expected: T, msg?: string) => asserts actual is T =
  std.assertStrictEquals;
export const assertMatch: (actual: string, expected: RegExp, msg?: string) => void = std.assertMatch;
export const assertStringIncludes: (actual: string, expected: string, msg?: string) => void = std.assertStringIncludes;
export const assertArrayIncludes: CompareArrays = std.assertArrayIncludes;
export const assertGreater: Compare = std.assertGreater;
export const assertLess: Compare = std.assertLess;
export const assertAlmostEquals: (actual: number, expected: number, tolerance?: number, msg?: string) => void =
  std.assertAlmostEquals;
export const assertThrows: {
  (fn: () => unknown, msg?: string): unknown;
  <E extends Error>(fn: () => unknown, errorClass: ErrorClass<E>, msgIncludes?: string, msg?: string): E;
} = std.assertThrows;
export const assertRejects: {
  (fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
  <E extends Error>(fn: () => PromiseLike<unknown>, errorClass: ErrorClass<E>, msgIncludes?: string): Promise<E>;
} = std.assertRejects;
