/** Tries all clients: its last argument is the input. @module */
import process from "node:process";
import { sdks } from "./clients.ts";
import { tryAll } from "./trials.ts";

const output = JSON.stringify(await tryAll(sdks, JSON.parse(process.argv.at(-1)!)));
// Some clients keep connections or timers.
process.stdout.write(`${output}\n`, () => process.exit(0));
