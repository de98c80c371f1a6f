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

import { commands } from "./commands.ts";
import { exitCodes } from "./exit_codes.ts";
import { exit, readArguments } from "./host.ts";
import { parseArguments } from "./parse_arguments.ts";
import { openTerminal, type Terminal } from "./terminal.ts";

/** Whether this module is the program: the question has no answer of its own on Node before 22.18. */
function isProgram(): boolean {
  const { main, filename } = import.meta;
  return main ?? (filename !== undefined && filename === globalThis.process?.argv[1]);
}

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
  const terminal = openTerminal();
  try {
    return await run(args, terminal);
  } catch (error) {
    const { explainFailure } = await import("./failures.ts");
    const { message, exitCode } = explainFailure(error);
    terminal.writeError(`m2m: ${message}\n`);
    return exitCode;
  }
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { command, values, positionals, rest } = parseArguments(args);
  if (values["version"]) {
    await terminal.writeOutput(`${(await import("./version.ts")).version}\n`);
    return exitCodes.fine;
  }
  const isHelp = command === undefined || values["help"] === true;
  const name = isHelp ? "help" : command;
  const runCommand = await commands.find((each) => each.name === name)!.load();
  const given = isHelp && command !== undefined && command !== "help" ? [command] : positionals;
  const { signal } = new AbortController();
  return await runCommand({ command: name, values, positionals: given, rest, terminal, signal });
}

if (isProgram()) exit(await main(readArguments()));
