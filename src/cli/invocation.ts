/**
 * What a command gets.
 *
 * @module
 */

import type { CommandName } from "./options/options.ts";
import type { Terminal } from "./terminal/terminal.ts";

/** The values of options, by their names: texts, lists of texts where several are allowed, and `true`. */
export type OptionValues = Readonly<Record<string, string | readonly string[] | true | undefined>>;

/** A parsed command line, and where it runs. */
export interface Invocation {
  /** The whole command line. */
  readonly args: readonly string[];
  readonly command: CommandName;
  readonly values: OptionValues;
  /** What isn't an option. */
  readonly positionals: readonly string[];
  /** What stands behind `--`; `undefined` without one. */
  readonly rest: readonly string[] | undefined;
  readonly terminal: Terminal;
}
