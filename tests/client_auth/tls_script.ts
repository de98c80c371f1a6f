/** Certificates as a program: a file, its last argument, holds what they need. @module */
import { readFile } from "node:fs/promises";
import { argv } from "node:process";
import { inspect } from "node:util";
import { byClientCertificate, tryCertificates } from "./tls_program.ts";

const input = JSON.parse(await readFile(argv.at(-1)!, "utf8"));
const output = await tryCertificates(
  input,
  byClientCertificate,
  (value) => inspect(value, { depth: 10, showHidden: true }),
);
console.log(JSON.stringify(output));
