/**
 * Starts the demo: `deno task demo`. Help and wrong arguments need no package; all else needs those in `deno.lock` beside
 * this file, which are a quarter of the repository's.
 *
 * @module
 */

import { runDeno } from "../../tests/std/deno_process.ts";
import { chooseSource, environment, ownFlags, root } from "../../tests/std/source.ts";
import { parseArguments, UsageError } from "./arguments.ts";
import { help } from "./help.ts";

const permissions = [
  "--no-prompt",
  "--allow-net",
  "--allow-env=M2M_CLIENT_SECRET",
  "--ignore-env",
  "--allow-read=.env",
];

async function start(args: readonly string[]): Promise<number> {
  if (parseArguments(args).command === "help") {
    console.log(help);
    return 0;
  }
  const source = await chooseSource(["@std/dotenv", "@std/encoding"]);
  const flags = ownFlags(source, `${import.meta.dirname}/deno.lock`);
  const program = `${import.meta.dirname}/main.ts`;
  return await runDeno(["run", ...flags, "--quiet", ...permissions, program, ...args], {
    cwd: root,
    env: environment(source),
  });
}

try {
  Deno.exitCode = await start(Deno.args);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\nTry: deno task demo --help`);
  Deno.exitCode = 2;
}
