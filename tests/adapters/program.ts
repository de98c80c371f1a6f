/** Tries all clients, or those whose names its argument matches; prints what failed. @module */
import process from "node:process";
import { cases, tryCase } from "./cases.ts";
import { clients } from "./clients.ts";
import { ownCases, tryOwnCase } from "./own_cases.ts";

const all: [name: string, run: () => Promise<void>][] = [
  ...Object.entries(clients).flatMap(([name, client]) =>
    Object.entries(cases).map(([what, each]) =>
      [`${name}: ${what}`, () => tryCase(each, client)] as [string, () => Promise<void>]
    )
  ),
  ...Object.entries(ownCases).map(([name, each]) => [name, () => tryOwnCase(each)] as [string, () => Promise<void>]),
];
const chosen = all.filter(([name]) => name.startsWith(process.argv[2] ?? ""));
const failures: string[] = [];
for (const [name, run] of chosen) await run().catch((error) => failures.push(`${name}: ${error?.stack ?? error}`));
console.log(JSON.stringify({ count: chosen.length, failures }));
// Some clients keep connections or timers.
process.exit(0);
