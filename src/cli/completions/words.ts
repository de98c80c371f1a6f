/**
 * What completion scripts complete, made of the tables of commands and options.
 *
 * @module
 */

import { commands } from "../commands.ts";
import { type CommandName, listOptions, type OptionSpec, optionSpecs, shells } from "../options/options.ts";

/** What stands behind an option, for completions. */
export type Argument = "none" | "any" | "file" | readonly string[];

/** An option of one or several commands. */
export interface CompletedOption {
  /** With the dashes: the short one, if there is one, before the long one. */
  readonly flags: readonly string[];
  readonly argument: Argument;
  readonly isMultiple: boolean;
  /** How the help names its argument. */
  readonly value: string;
  readonly help: string;
  readonly commands: readonly CommandName[];
}

/** A command. */
export interface CompletedCommand {
  readonly name: CommandName;
  readonly help: string;
  /** What stands behind it, besides options: words, a program with its arguments, or what can't be known. */
  readonly arguments: readonly string[] | "program" | undefined;
  readonly options: readonly CompletedOption[];
}

/** The options that are shown, each with its commands. */
export const completedOptions: readonly CompletedOption[] = optionSpecs.filter(({ isHidden }) => !isHidden)
  .map((spec) => ({
    flags: [...spec.short ? [`-${spec.short}`] : [], `--${spec.name}`],
    argument: findArgument(spec),
    isMultiple: spec.multiple ?? false,
    value: spec.value ?? "",
    help: spec.help,
    commands: commands.map(({ name }) => name).filter((name) => listOptions(name).includes(spec)),
  }));

/** The commands. */
export const completedCommands: readonly CompletedCommand[] = commands.map(({ name, summary }) => ({
  name,
  help: summary,
  arguments: name === "completions"
    ? shells
    : name === "help"
    ? commands.map(({ name }) => name)
    : name === "exec"
    ? "program"
    : undefined,
  options: completedOptions.filter((option) => option.commands.includes(name)),
}));

function findArgument({ kind, choices }: OptionSpec): Argument {
  return kind === "switch" ? "none" : choices ?? (kind === "path" ? "file" : "any");
}

/** Quotes a text for a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
