/** Client certificates as a program, with a file of its input as last argument. @module */
import { readFile } from "node:fs/promises";
import { argv } from "node:process";
import { inspect } from "node:util";
import { tryCertificates } from "./tls_program.ts";

const input = JSON.parse(await readFile(argv.at(-1)!, "utf8"));
console.log(JSON.stringify(await tryCertificates(input, undefined, inspect)));
