/**
 * The options of the command line, as data: parsing, settings, help and completions are made of these tables.
 *
 * @module
 */

import { settingOptions } from "./setting_options.ts";

/** The names of the commands. */
export type CommandName =
  | "token"
  | "fetch"
  | "exec"
  | "inspect"
  | "doctor"
  | "test-server"
  | "completions"
  | "help";

/** What stands behind an option. */
export type OptionKind = "switch" | "text" | "url" | "path" | "seconds" | "choice";

/** The groups of options, in the order of the help. */
export const optionGroups = [
  "Command",
  "Server and API",
  "Client authentication",
  "Token",
  "Connection",
  "Cache",
  "Where settings come from",
  "General",
] as const;

/** One option. */
export interface OptionSpec {
  /** Its name, without the dashes. */
  readonly name: string;
  /** A letter that stands for it. */
  readonly short?: string;
  /** What stands behind it. A switch takes no argument. */
  readonly kind: OptionKind;
  /** How the help names its argument. */
  readonly value?: string;
  /** The arguments of a choice. */
  readonly choices?: readonly string[];
  /** Whether it may be given several times. */
  readonly multiple?: boolean;
  /** The key in a profile, and in the settings. Without one it is no setting. */
  readonly key?: string;
  /** The variable that sets it, too. */
  readonly env?: string;
  /** The commands that take it: `client` are all that need settings. */
  readonly commands: "all" | "client" | readonly CommandName[];
  /** Where the help shows it. */
  readonly group: typeof optionGroups[number];
  /** One line of help. */
  readonly help: string;
  /** Whether help and completions leave it out. */
  readonly isHidden?: boolean;
}

/** The commands that need settings. */
export const clientCommands: readonly CommandName[] = ["token", "fetch", "exec", "inspect", "doctor"];

/** Shells that completions are made for. */
export const shells = ["bash", "zsh", "fish", "powershell"] as const;

type Row = Pick<OptionSpec, "name" | "kind" | "help"> & Partial<OptionSpec>;

function commandOptions(command: CommandName, rows: readonly Row[]): readonly OptionSpec[] {
  return rows.map((row) => ({ group: "Command", commands: [command], ...row }));
}

const general = { kind: "switch", commands: "all", group: "General" } as const;

/** All options, in the order of the help. */
export const optionSpecs: readonly OptionSpec[] = [
  ...commandOptions("token", [
    { name: "header", kind: "switch", help: "Print the whole header: Authorization: Bearer …" },
    { name: "json", kind: "switch", help: "Print JSON, for programs" },
  ]),
  ...commandOptions("fetch", [
    { name: "method", short: "X", kind: "text", value: "method", help: "The method (default: GET; with --data POST)" },
    {
      name: "header",
      short: "H",
      kind: "text",
      value: "name: value",
      multiple: true,
      help: "Send a header; repeatable",
    },
    { name: "data", short: "d", kind: "text", value: "text", help: "Send a body: text, @file, or @- for stdin" },
    { name: "output", short: "o", kind: "path", value: "file", help: "Write the body to a file" },
    {
      name: "location",
      short: "L",
      kind: "switch",
      help: "Follow redirects; other origins don't get the token, but -H's headers",
    },
    { name: "include", short: "i", kind: "switch", help: "Print status and headers as well" },
  ]),
  ...commandOptions("exec", [
    { name: "variable", kind: "text", value: "name", help: "The program's variable (default: M2M_ACCESS_TOKEN)" },
    { name: "token-file", kind: "path", value: "file", help: "Keep a live token in this private file meanwhile" },
  ]),
  ...commandOptions("inspect", [
    { name: "token-file", kind: "path", value: "file", help: "Inspect the token in this file" },
    { name: "json", kind: "switch", help: "Print JSON, for programs" },
  ]),
  ...commandOptions("doctor", [{ name: "json", kind: "switch", help: "Print JSON, for programs" }]),
  ...commandOptions("test-server", [
    { name: "port", kind: "text", value: "port", help: "Listen on this port of 127.0.0.1 (default: any that is free)" },
    { name: "lifetime", kind: "text", value: "seconds", help: "How long tokens live (default: 3600)" },
    { name: "jwt", kind: "switch", help: "Issue signed JWTs (default: opaque tokens)" },
    { name: "json", kind: "switch", help: "Print JSON, for programs" },
  ]),
  ...settingOptions,
  { ...general, name: "verbose", short: "v", commands: "client", help: "Show each request on stderr, redacted" },
  { ...general, name: "help", short: "h", help: "Show help" },
  { ...general, name: "version", short: "V", help: "Show the version" },
];

/** The options that a command takes; without one, those of all commands. */
export function listOptions(command: CommandName | undefined): readonly OptionSpec[] {
  return optionSpecs.filter(({ commands }) => {
    if (commands === "all" || command === undefined) return commands === "all";
    return commands === "client" ? clientCommands.includes(command) : commands.includes(command);
  });
}
