/** Tries all cases; prints what failed. @module */
import process from "node:process";
import { cases } from "./cases.ts";

const failures: string[] = [];
for (const [name, run] of Object.entries(cases)) {
  await run().catch((error) => failures.push(`${name}: ${error?.stack ?? error}`));
}
console.log(JSON.stringify({ count: Object.keys(cases).length, failures }));
process.exit(0);
