/** These tests as a program for other runtimes: prints what failed, and how many there were, as JSON. @module */

const registered = new Map<string, () => void | Promise<void>>();
const runtime = globalThis as { Deno?: unknown };
runtime.Deno = { test: (name: string, body: () => void | Promise<void>) => registered.set(name, body) };
await import("./closing_test.ts");
await import("./refreshing_test.ts");
await import("./replace_test.ts");
await import("./scenes_test.ts");

// Nothing else may take this runtime for Deno.
delete runtime.Deno;
const failures: Record<string, string> = {};
for (const [name, body] of registered) {
  try {
    await body();
  } catch (error) {
    failures[name] = String(error).split("\n", 1)[0] ?? "";
  }
}
console.log(JSON.stringify({ tests: registered.size, failures }));
