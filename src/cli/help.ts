/**
 * The help, made of the tables of commands and options.
 *
 * @module
 */

import type { Style } from "../doctor/style.ts";
import { wrap } from "../doctor/wrap.ts";
import { type Command, type CommandExample, commands } from "./commands.ts";
import { exitCodes } from "./exit_codes.ts";
import { type CommandName, listOptions, optionGroups, type OptionSpec } from "./options/options.ts";
import { formatTable } from "./terminal/table.ts";

/** How help is written. */
export interface HelpOptions {
  /** How many columns there are. */
  readonly width: number;
  readonly style: Style;
}

/** Lines longer than this are hard to read. */
const mostColumns = 100;

const introduction =
  "Gets access tokens for machines (OAuth 2.0 client credentials and kin), calls APIs with them, and " +
  "finds out why they don't work.";

const firstSteps: readonly CommandExample[] = [
  {
    line: "m2m token --issuer https://auth.example.com --client-id my-client",
    about: "a token; asks for the secret",
  },
  { line: "m2m fetch https://api.example.com/v1/projects", about: "an API's answer, settings from variables or .env" },
  { line: "m2m exec -- ./import.sh", about: "a program with the token in $M2M_ACCESS_TOKEN" },
  { line: "m2m doctor https://api.example.com/v1/projects", about: "why doesn't it work?" },
];

const exitTexts: Readonly<Record<keyof typeof exitCodes, string>> = {
  fine: "fine",
  refused: "the server or the API refused, or the doctor found a fault",
  usage: "the command line or the settings can't be used",
  network: "a server can't be reached, or fails for the time being",
  interrupted: "ended by Ctrl-C",
};

/** Names, and texts beside them. */
type Rows = readonly (readonly [name: string, text: string])[];

const sources: Rows = [
  ["options", "they count before all others"],
  ["variables", "M2M_CLIENT_ID for --client-id, and so on"],
  [".env", "the same variables, in the current folder; if it names a server, the secret too (or pass --env-file .env)"],
  ["profiles.json", "in $XDG_CONFIG_HOME/m2m or ~/.config/m2m (Windows: %APPDATA%\\m2m); see --profile"],
  ["Flyte", "its API key or config file, with --flyte or --flyte-config"],
];

const environment: Rows = [
  ["NO_COLOR", "no colors; FORCE_COLOR: colors in a pipe, too"],
  ["XDG_CACHE_HOME", "where the cache of tokens is (default: ~/.cache)"],
];

/** Writes the help of a command, or without one of the whole tool. */
export function formatHelp(name: CommandName | undefined, options: HelpOptions): string {
  const page = { ...options, width: Math.min(options.width, mostColumns) };
  const command = commands.find((each) => each.name === name);
  return `${(command ? describeCommand(command, page) : describeTool(page)).join("\n")}\n`;
}

function describeCommand({ name, usage, summary, details, examples }: Command, page: HelpOptions): string[] {
  const { width, style } = page;
  const specs = listOptions(name);
  const variables = `Each option of a setting is a variable, too: ${listVariables(specs)}. Exit codes and sources of ` +
    "settings: m2m help.";
  return [
    ...[`${style.bold("Usage:")} m2m ${usage}`, "", ...wrap(`${summary}.`, width)],
    ...details ? ["", ...wrap(details, width)] : [],
    ...section("Examples", formatExamples(examples, page), page),
    ...describeOptions(specs, `Options of ${name}`, page),
    ...specs.some(({ env }) => env) ? ["", ...wrap(variables, width)] : [],
  ];
}

function describeTool(page: HelpOptions): string[] {
  const { width, style } = page;
  const table = (rows: Rows) => formatTable(rows, { width, column: 18, paint: style.cyan });
  const codes = Object.entries(exitTexts) as [keyof typeof exitCodes, string][];
  return [
    ...[`${style.bold("Usage:")} m2m COMMAND [options]`, "", ...wrap(introduction, width)],
    ...section("Commands", table(commands.map(({ name, summary }) => [name, summary])), page),
    ...section("First steps", formatExamples(firstSteps, page), page),
    ...describeOptions(listOptions(undefined), "Options", page),
    ...section("Where settings come from, the first one counting", table(sources), page),
    ...section("Exit codes", table(codes.map(([name, text]) => [`${exitCodes[name]}`, text])), page),
    ...section("Environment", table(environment), page),
    ...["", "All options of a command: m2m help COMMAND"],
  ];
}

function section(title: string, lines: readonly string[], { style }: HelpOptions): string[] {
  return lines.length > 0 ? ["", style.bold(title), ...lines] : [];
}

/** The options by their groups; `own` is the title of those of one command. */
function describeOptions(specs: readonly OptionSpec[], own: string, page: HelpOptions): string[] {
  return optionGroups.flatMap((group) => {
    const shown = specs.filter((spec) => spec.group === group && !spec.isHidden);
    const rows = shown.map((spec) => [nameOption(spec), describe(spec)] as const);
    const lines = formatTable(rows, { width: page.width, column: 30, paint: page.style.cyan });
    return section(group === "Command" ? own : group, lines, page);
  });
}

/** Below each other: command lines are long, and are copied. */
function formatExamples(examples: readonly CommandExample[], { style }: HelpOptions): string[] {
  return examples.flatMap(({ line, about }) => [style.dim(`  # ${about}`), `  ${line}`]);
}

function nameOption({ name, short, value }: OptionSpec): string {
  return `${short ? `-${short}, ` : ""}--${name}${value ? ` <${value}>` : ""}`;
}

function describe({ help, choices }: OptionSpec): string {
  return choices ? `${help}: ${choices.join(", ")}` : help;
}

/** The rule by its first example, and what it doesn't give. */
function listVariables(specs: readonly OptionSpec[]): string {
  const usual = ({ name }: OptionSpec) => `M2M_${name.toUpperCase().replaceAll("-", "_")}`;
  const settings = specs.filter(({ env, isHidden }) => env && !isHidden);
  const first = settings.find((spec) => spec.env === usual(spec));
  const others = settings.filter((spec) => spec.env !== usual(spec));
  return [...first ? [first] : [], ...others].map(({ name, env }) => `${env} for --${name}`).join(", ");
}
