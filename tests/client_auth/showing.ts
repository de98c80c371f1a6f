/**
 * All that a program can print of a value.
 *
 * @module
 */

import { assert } from "@std/assert";

/** Fails if a secret shows in anything that can be printed of the value. */
export function assertHides(value: unknown, secrets: readonly string[]): void {
  for (const [where, text] of Object.entries(printAll(value))) {
    for (const secret of secrets) assert(!text.includes(secret), `a secret shows in its ${where}: ${text}`);
  }
}

function printAll(value: unknown): Record<string, string> {
  const seen: Record<string, string> = {
    inspection: Deno.inspect(value, { depth: 10, showHidden: true, getters: true }),
    JSON: JSON.stringify(value) ?? "",
    text: String(value),
    properties: Deno.inspect(Object.getOwnPropertyDescriptors(Object(value)), { depth: 10, showHidden: true }),
  };
  if (value instanceof Error) {
    seen.message = value.message;
    seen.stack = value.stack ?? "";
    if (value.cause !== undefined) {
      for (const [where, text] of Object.entries(printAll(value.cause))) seen[`cause's ${where}`] = text;
    }
  }
  return seen;
}
