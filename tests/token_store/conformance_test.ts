import { runCases } from "./run_cases.ts";
import { memoryStore } from "./memory.ts";

Deno.test("a store in memory passes all cases", async () => {
  await runCases(memoryStore(), { shortestLifetime: 500 });
});
