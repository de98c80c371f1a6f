/**
 * Runs a command line, once it has to be parsed.
 *
 * @module
 */

import { commands } from "./commands.ts";
import { exitCodes } from "./exit_codes.ts";
import { explainFailure } from "./failures.ts";
import { parseArguments } from "./options/parse_arguments.ts";
import { openTerminal, type Terminal } from "./terminal/terminal.ts";
import { version } from "./version.ts";

/** Runs it; resolves to the exit code. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const terminal = openTerminal();
  try {
    return await run(args, terminal);
  } catch (error) {
    const { message, exitCode } = explainFailure(error);
    terminal.writeError(`m2m: ${message}\n`);
    return exitCode;
  }
}

async function run(args: readonly string[], terminal: Terminal): Promise<number> {
  const { command, values, positionals, rest } = parseArguments(args);
  if (values["version"]) {
    await terminal.writeOutput(`${version}\n`);
    return exitCodes.fine;
  }
  const isHelp = command === undefined || values["help"] === true;
  const name = isHelp ? "help" : command;
  const runCommand = await commands.find((each) => each.name === name)!.load();
  const given = isHelp && command !== undefined && command !== "help" ? [command] : positionals;
  return await runCommand({ args, command: name, values, positionals: given, rest, terminal });
}
