/**
 * Completions in fish.
 *
 * @module
 */

import { completedCommands, type CompletedOption, completedOptions } from "./words.ts";

/** Writes the script. */
export function writeFishCompletions(): string {
  const commands = completedCommands.map(({ name, help }) =>
    `complete -c m2m -n __fish_use_subcommand -a ${name} -d ${quote(help)}`
  );
  const words = completedCommands.flatMap(({ name, arguments: words }) => {
    if (words === undefined) return [];
    const list = words === "program" ? "'(__fish_complete_subcommand --fcs-skip=2)'" : quote(words.join(" "));
    return [`complete -c m2m -n '__m2m_command_is ${name}' -a ${list}`];
  });
  return `# Completions of m2m for fish.
function __m2m_command_is
  set -l words (commandline -opc)
  set -q words[2]; and contains -- $words[2] $argv
end
complete -c m2m -f
${[...commands, ...words, ...completedOptions.map(writeOption)].join("\n")}
`;
}

function writeOption({ flags, argument, help, commands }: CompletedOption): string {
  const names = flags.map((flag) => flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`);
  const takes = typeof argument === "object"
    ? ` -x -a ${quote(argument.join(" "))}`
    : { none: "", any: " -x", file: " -r -F" }[argument];
  return `complete -c m2m -n '__m2m_command_is ${commands.join(" ")}' ${names.join(" ")}${takes} -d ${quote(help)}`;
}

/** In single quotes fish knows the escapes of the quote and the backslash. */
function quote(text: string): string {
  return `'${text.replace(/[\\']/g, "\\$&")}'`;
}
