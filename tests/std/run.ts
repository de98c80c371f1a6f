/**
 * Runs a Deno subcommand with `@std` from JSR, or from npm: `deno task std <subcommand> …`.
 *
 * @module
 */

import { runDeno } from "./deno_process.ts";
import { chooseSource, environment, flags, root } from "./source.ts";

const [subcommand, ...rest] = Deno.args;
if (subcommand === undefined) {
  console.error("Usage: deno task std <deno subcommand> [arguments]");
  Deno.exit(2);
}
const source = await chooseSource();
Deno.exit(
  await runDeno([subcommand, ...flags(source, subcommand), ...rest], { cwd: root, env: environment(source) }),
);
