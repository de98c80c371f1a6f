/**
 * Reads the variables that a platform sets.
 *
 * @module
 */

import { parseUrl } from "../arguments.ts";
import { readVariable, type Variable } from "../env/environment.ts";
import { isLoopback } from "../http/loopback.ts";
import { createDeniedError, createIdentityError, type Platform } from "./identity.ts";

/** Where a platform's variables are read. */
export interface VariableOptions {
  /**
   * An object to read instead of the process's environment. It is read at each use. Default: the environment of Deno, Bun
   * or Node.
   */
  readonly env?: object | undefined;
}

/** Reads a variable; throws if it isn't set. */
export function requireVariable(platform: Platform, name: string, options: VariableOptions): string {
  const text = findVariable(platform, name, options);
  if (text !== undefined) return text;
  throw createIdentityError(platform, `the variable ${name} isn't set`);
}

/** Reads the URL of what gets a credential: `https:`, or `http:` on this machine, whose platform may be link-local. */
export function requireUrl(platform: Platform, name: string, options: VariableOptions): URL {
  const url = parseUrl(requireVariable(platform, name, options));
  const isLocal = (host: string) => isLoopback(host) || /^169\.254\.\d+\.\d+$/.test(host);
  if (url?.protocol === "https:" || url?.protocol === "http:" && isLocal(url.hostname)) return url;
  throw createIdentityError(platform, `${name} is no "https:" URL, and no "http:" one of this machine`);
}

/** Reads a variable that may be missing. Not being allowed to read it is no proof of that. */
export function findVariable(platform: Platform, name: string, { env }: VariableOptions): string | undefined {
  const variable = readQuietly(name, env);
  if (typeof variable === "object") return variable.text;
  if (variable === "denied") throw createDeniedError(platform, `read the variable ${name}`, `--allow-env=${name}`);
  return undefined;
}

/** Whether a variable is set, as far as can be known. */
export function isSet(name: string, { env }: VariableOptions): boolean {
  return typeof readQuietly(name, env) === "object";
}

/** A runtime without an environment has no variables. */
function readQuietly(name: string, env: object | undefined): Variable {
  try {
    return readVariable(name, env);
  } catch {
    return "unset";
  }
}
