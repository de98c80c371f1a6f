/** The grants as a program: its last argument is what they need. @module */
import { argv } from "node:process";
import { tryGrants } from "./grant_program.ts";

console.log(JSON.stringify(await tryGrants(JSON.parse(argv.at(-1)!))));
