/** Tries all clients: its last argument is the input. @module */
import process from "node:process";
import { sdks } from "./clients.ts";
import { tryAll } from "./trials.ts";

const results = await tryAll(sdks, JSON.parse(process.argv.at(-1)!));
// Some clients keep connections or timers. Before it is written, an end would cut the output short.
process.stdout.write(JSON.stringify(results), () => process.exit(0));
