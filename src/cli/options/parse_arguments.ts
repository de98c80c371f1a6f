/**
 * Parses a command line.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { commands } from "../commands.ts";
import type { Invocation } from "../invocation.ts";
import { suggest, UsageError } from "../usage_error.ts";
import { type CommandName, listOptions, type OptionSpec } from "./options.ts";

/** A parsed command line; without a command, where it has none. */
export interface ParsedArguments extends Pick<Invocation, "values" | "positionals" | "rest"> {
  readonly command: CommandName | undefined;
}

/** Parses a command line. Throws a `UsageError` for what no command takes; values aren't quoted: they may be secrets. */
export function parseArguments(args: readonly string[]): ParsedArguments {
  const [first = "help"] = args;
  const command = first.startsWith("-") ? undefined : readCommand(first);
  const options = listOptions(command);
  const { tokens } = parseArgs({
    args: [...args.slice(command === undefined || args.length === 0 ? 0 : 1)],
    options: Object.fromEntries(
      options.map(({ name, kind, short }) => [
        name,
        { type: kind === "switch" ? "boolean" : "string", multiple: true, ...short && { short } } as const,
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values: Record<string, string | readonly string[] | true> = {};
  const positionals: string[] = [];
  let rest: string[] | undefined;
  for (const token of tokens) {
    if (token.kind === "option-terminator") rest = [];
    else if (token.kind === "positional") (rest ?? positionals).push(token.value);
    else {
      const spec = options.find(({ name }) => name === token.name);
      if (spec === undefined) throw unknownOption(token.rawName, options, command);
      const value = readValue(spec, token);
      const before = values[spec.name];
      values[spec.name] = spec.multiple && value !== true ? [...(before as string[] | undefined ?? []), value] : value;
    }
  }
  return { command, values, positionals, rest };
}

function readCommand(name: string): CommandName {
  const found = commands.find((command) => command.name === name);
  if (found) return found.name;
  const hint = suggest(name, commands.map((command) => command.name));
  throw new UsageError(`There is no command "${name.slice(0, 40)}".${hint} Run m2m help.`);
}

function unknownOption(raw: string, options: readonly OptionSpec[], command: CommandName | undefined): UsageError {
  const names = options.filter(({ isHidden }) => !isHidden).map(({ name }) => `--${name}`);
  const hint = raw.startsWith("--") ? suggest(raw, names) : "";
  if (command === undefined) return new UsageError(`${raw} isn't known here: the command comes first. Run m2m help.`);
  return new UsageError(`${command} has no option ${raw}.${hint} Run m2m help ${command}.`);
}

type OptionToken = {
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
};

function readValue({ kind, value: name = "value", choices }: OptionSpec, token: OptionToken): string | true {
  const { rawName, value, inlineValue } = token;
  if (kind === "switch") {
    if (value !== undefined) throw new UsageError(`${rawName} takes no argument.`);
    return true;
  }
  // What looks like an option is one, unless it is written behind =.
  if (value === undefined || value.startsWith("-") && value !== "-" && !inlineValue) {
    throw new UsageError(
      `${rawName} needs an argument: ${rawName} ${name}, or ${rawName}=${name} if it begins with -.`,
    );
  }
  if (choices && !choices.includes(value)) {
    throw new UsageError(`${rawName} must be one of ${choices.join(", ")}.${suggest(value, choices)}`);
  }
  return value;
}
