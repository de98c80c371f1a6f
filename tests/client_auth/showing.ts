/**
 * Everything a program might print of an error, or of another value.
 *
 * @module
 */

import { assert } from "@std/assert";

/** Fails if one of the secrets shows in what can be printed of the value. */
export function assertHides(value: unknown, secrets: readonly string[]): void {
  for (const [where, text] of Object.entries(views(value))) {
    for (const secret of secrets) assert(!text.includes(secret), `a secret shows in its ${where}: ${text}`);
  }
}

function views(value: unknown): Record<string, string> {
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
      for (const [where, text] of Object.entries(views(value.cause))) seen[`cause's ${where}`] = text;
    }
  }
  return seen;
}
