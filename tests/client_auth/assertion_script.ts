/** The methods of client authentication as a program: its last argument is what they need. @module */
import { argv } from "node:process";
import { tryMethods } from "./assertion_program.ts";

console.log(JSON.stringify(await tryMethods(JSON.parse(argv.at(-1)!))));
