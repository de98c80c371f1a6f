/** Calls with bound tokens as a program, with its input as last argument. @module */
import { argv } from "node:process";
import { tryCalls } from "./dpop_program.ts";

console.log(JSON.stringify(await tryCalls(JSON.parse(argv.at(-1)!))));
