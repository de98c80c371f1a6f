/** Tries all clients, or those that its arguments name; prints what failed. @module */
import process from "node:process";
import { cases, tryCase } from "./cases.ts";
import { clients } from "./clients.ts";

const names = process.argv.slice(2).filter((name) => name in clients);
const failures: string[] = [];
let count = 0;
for (const name of names.length > 0 ? names : Object.keys(clients)) {
  for (const [what, each] of Object.entries(cases)) {
    count++;
    await tryCase(each, clients[name]!).catch((error) => failures.push(`${name}: ${what}: ${error?.stack ?? error}`));
  }
}
console.log(JSON.stringify({ count, failures }));
// Some clients keep connections or timers.
process.exit(0);
