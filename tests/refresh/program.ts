/** These tests as a program for other runtimes: prints what failed, and how many there were, as JSON. @module */

import { registered } from "./registered_tests.ts";
import "./background_test.ts";
import "./close_test.ts";
import "./derived_test.ts";
import "./isolate_test.ts";
import "./outages_test.ts";
import "./rejections_test.ts";
import "./waits_test.ts";

// Nothing else may take this runtime for Deno.
delete (globalThis as { Deno?: unknown }).Deno;
const failures: Record<string, string> = {};
for (const [name, body] of registered) {
  try {
    await body();
  } catch (error) {
    failures[name] = String(error).split("\n", 1)[0] ?? "";
  }
}
console.log(JSON.stringify({ tests: registered.size, failures }));
