/** Calls Flyte platforms as a program: its last argument is what it needs. @module */
import { argv } from "node:process";
import { callPlatforms } from "./flyte_program.ts";

console.log(JSON.stringify(await callPlatforms(JSON.parse(argv.at(-1)!))));
