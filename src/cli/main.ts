/**
 * The command line `m2m`: prints tokens, calls APIs, runs programs with a token, and finds out why a token isn't issued.
 *
 * ```sh
 * deno run -A jsr:@m2m/authenticator/cli token --issuer https://auth.example.com --client-id my-client
 * deno install -gA -n m2m jsr:@m2m/authenticator/cli
 * ```
 *
 * `m2m help` explains the commands, where settings come from, and the exit codes.
 *
 * @module
 */

import { exit, isStartedAs, readArguments, writeError } from "./host.ts";
import { printQuickToken } from "./quick_token.ts";

/**
 * Runs a command line, as `m2m` does.
 *
 * @example
 * ```ts ignore
 * // Not run: it prints.
 * import { main } from "@m2m/authenticator/cli";
 *
 * const exitCode = await main(["token", "--profile", "staging"]);
 * console.log(exitCode); // 0
 * ```
 *
 * @param args The arguments, without the program's name.
 * @returns The exit code: 0 fine, 1 refused, 2 usage, 3 network; of `exec`, the program's own.
 */
export async function main(args: readonly string[]): Promise<number> {
  if (await printQuickToken(args)) return 0;
  // Not by a literal: Deno would load all modules at every start. The package for npm has them as JavaScript.
  const module = `./run_command_line.${import.meta.url.endsWith(".js") ? "js" : "ts"}`;
  let loaded: typeof import("./run_command_line.ts");
  try {
    loaded = await import(module);
  } catch (error) {
    // On Deno it takes a permission: --allow-read, or from a registry --allow-import.
    writeError(`m2m: The program can't be loaded: ${Object(error).message}.\n`);
    return 2;
  }
  return await loaded.runCommandLine(args);
}

// Node before 22.18 has no `import.meta.main`.
if (import.meta.main ?? isStartedAs(import.meta.filename)) exit(await main(readArguments()));
