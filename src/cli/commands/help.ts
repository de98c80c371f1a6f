/**
 * `m2m help`.
 *
 * @module
 */

import { createStyle } from "../../doctor/style.ts";
import { commands } from "../commands.ts";
import { exitCodes } from "../exit_codes.ts";
import { formatHelp } from "../help.ts";
import type { Invocation } from "../invocation.ts";
import type { CommandName } from "../options/options.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { UsageError } from "../usage_error.ts";

/** Shows the help of a command, or without one of the whole tool. */
export async function showHelp(terminal: Terminal, name?: CommandName): Promise<number> {
  const style = createStyle(terminal.hasColor("output"));
  await terminal.writeOutput(formatHelp(name, { width: terminal.columns, style }));
  return exitCodes.fine;
}

/** Runs the command. */
export async function runHelp({ positionals: [name], terminal }: Invocation): Promise<number> {
  const command = commands.find((each) => each.name === name);
  if (name !== undefined && !command) {
    const names = commands.map(({ name }) => name).join(", ");
    throw new UsageError(`Cannot show help for ${name}: there is no such command. The commands are ${names}.`);
  }
  return await showHelp(terminal, command?.name);
}
