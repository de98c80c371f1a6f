/**
 * `m2m completions`.
 *
 * @module
 */

import { writeBashCompletions } from "../completions/bash.ts";
import { writeFishCompletions } from "../completions/fish.ts";
import { writePowershellCompletions } from "../completions/powershell.ts";
import { writeZshCompletions } from "../completions/zsh.ts";
import { exitCodes } from "../exit_codes.ts";
import type { Invocation } from "../invocation.ts";
import { shells } from "../options/options.ts";
import { UsageError } from "../usage_error.ts";

const writers: Readonly<Record<typeof shells[number], () => string>> = {
  bash: writeBashCompletions,
  zsh: writeZshCompletions,
  fish: writeFishCompletions,
  powershell: writePowershellCompletions,
};

/** Writes the script that completes command lines in a shell. */
export async function runCompletions({ positionals: [name, ...others], terminal }: Invocation): Promise<number> {
  const shell = shells.find((each) => each === name);
  if (shell === undefined || others.length > 0) {
    throw new UsageError(`Cannot write completions: name one shell of ${shells.join(", ")}.`);
  }
  await terminal.writeOutput(writers[shell]());
  return exitCodes.fine;
}
