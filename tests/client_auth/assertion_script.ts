/** Assertions as a program, with its input as last argument. @module */
import { argv } from "node:process";
import { tryAssertions } from "./assertion_program.ts";

console.log(JSON.stringify(await tryAssertions(JSON.parse(argv.at(-1)!))));
