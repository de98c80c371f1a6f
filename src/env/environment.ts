/**
 * Reads single variables of the process's environment, or of an object instead.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { isDenied } from "../http/network_errors.ts";

/** Deno, Bun and Node have this; other runtimes may not. */
declare const process: { readonly env: Readonly<Record<string, string | undefined>> } | undefined;

/** A variable's text, or why there is none. */
export type Variable = { readonly text: string } | "unset" | "malformed" | "denied";

/**
 * Reads a variable from `env`, or else from the process's environment. An empty one is unset. On Deno this needs
 * permission for this one name.
 */
export function readVariable(name: string, env: object | undefined): Variable {
  const source = env ?? (typeof process === "undefined" ? undefined : process.env);
  if (source === undefined) {
    throw new AuthenticationError(
      "invalid_config",
      "Cannot read the settings from the environment: this runtime has none. Pass it as env.",
    );
  }
  let value: unknown;
  try {
    value = Reflect.get(source, name);
  } catch (error) {
    // The runtime's message quotes the name, which may be a secret that was set by mistake.
    return isDenied(error) ? "denied" : "malformed";
  }
  if (typeof value !== "string") return value === undefined || value === null ? "unset" : "malformed";
  // As flytekit: files that variables are read from end in a line break.
  const text = value.replace(/[\r\n]+$/, "");
  return text === "" ? "unset" : { text };
}

/** Says what is wrong with the variable that a setting names. Its name isn't shown: it may be a secret by mistake. */
export function describeNamedFault(setting: string, variable: Exclude<Variable, object>): string {
  const faults = { unset: "is missing", malformed: "must be text", denied: "may not be read (--allow-env)" };
  return `the variable that ${setting} names ${faults[variable]}`;
}
