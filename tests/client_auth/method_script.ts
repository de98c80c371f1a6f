/** Every method as a program, with its input as last argument. @module */
import { argv } from "node:process";
import { tryEveryMethod } from "./method_program.ts";

console.log(JSON.stringify(await tryEveryMethod(JSON.parse(argv.at(-1)!))));
