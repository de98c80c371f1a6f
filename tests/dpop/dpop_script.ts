/** Calls with bound tokens as a program: its last argument is what they need. @module */
import { argv } from "node:process";
import { tryCalls } from "./dpop_program.ts";

console.log(JSON.stringify(await tryCalls(JSON.parse(argv.at(-1)!))));
