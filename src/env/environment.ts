/**
 * The environment of the process, or an object in its place, read name by name.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { isDenied } from "../http/network_errors.ts";

/** What Deno, Bun and Node have alike; other runtimes may have nothing of it. */
declare const process: { readonly env: Readonly<Record<string, string | undefined>> } | undefined;

/** What stands under a name: a text, nothing, what no environment may hold, or what may not be read. */
export type Variable = { readonly text: string } | "unset" | "malformed" | "denied";

/**
 * The variable of that name, in `env` or else in the environment of the process. An empty one is none. Deno is asked for
 * permission to read this one name.
 */
export function readVariable(name: string, env: object | undefined): Variable {
  const source = env ?? (typeof process === "undefined" ? undefined : process.env);
  if (source === undefined) {
    throw new AuthenticationError(
      "invalid_config",
      "Cannot read the settings from the environment: this runtime has none. Hand it in as env.",
    );
  }
  let value: unknown;
  try {
    value = Reflect.get(source, name);
  } catch (error) {
    // A name may come from a variable, and be a secret in the wrong place: the runtime's message quotes it.
    return isDenied(error) ? "denied" : "malformed";
  }
  if (value === undefined || value === null || value === "") return "unset";
  return typeof value === "string" ? { text: value } : "malformed";
}

/**
 * What is wrong with the variable that a setting names. Its own name isn't shown: it may be that somebody wrote the secret
 * itself there.
 */
export function faultOfNamed(setting: string, variable: Exclude<Variable, object>): string {
  const faults = { unset: "is missing", malformed: "must be text", denied: "may not be read (--allow-env)" };
  return `the variable that ${setting} names ${faults[variable]}`;
}
