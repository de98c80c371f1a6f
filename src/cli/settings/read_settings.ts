/**
 * Reads settings: flags, then `M2M_…` variables, then `.env`, then a profile, then what Flyte's clients read.
 *
 * @module
 */

import { statSync } from "node:fs";
import process from "node:process";
import { parseEnv } from "node:util";
import { readVariable, type Variable } from "../../env/environment.ts";
import { isDenied } from "../../http/network_errors.ts";
import { locateProfiles, readFile } from "../host.ts";
import type { OptionValues } from "../invocation.ts";
import { settingOptions } from "../options/setting_options.ts";
import { suggest, UsageError } from "../usage_error.ts";
import { checkEnvFile } from "./check_env_file.ts";
import { mergeLayers, parseSetting, type Settings } from "./settings.ts";

/** Settings, and the variables they may name. */
export interface ReadSettings {
  readonly settings: Settings;
  /** The process's variables, and behind them those of `.env`. */
  readonly env: object;
}

const specs = settingOptions.filter(({ key }) => key !== undefined);

/** Reads the settings of a command line. */
export async function readSettings(values: OptionValues): Promise<ReadSettings> {
  const file = readEnvFile(values);
  const env = new Proxy({}, {
    get: (_, name) => typeof name === "string" ? process.env[name] || file[name] : undefined,
  });
  const [flags, variables, ofFile, profile] = [
    readFlags(values),
    readVariables(undefined),
    readVariables(file),
    readProfile(values, env),
  ];
  const settings = mergeLayers([flags, variables, ofFile, profile]);
  // One that an option names is trusted.
  const isNamed = values["env-file"] !== undefined;
  if (!isNamed) checkEnvFile(settings, { flags, variables, file: ofFile, profile });
  if (!settings.flyte && settings.flyteConfig === undefined) return { settings, env };
  const { readFlyteSettings } = await import("./flyte_settings.ts");
  return { settings: mergeLayers([settings, readFlyteSettings(settings, isNamed ? env : process.env)]), env };
}

function readFlags(values: OptionValues): Settings {
  const { "client-secret": secret, "insecure-client-secret-argument": shown, proxy } = values;
  if (secret !== undefined) {
    throw new UsageError(
      "--client-secret isn't taken: other users see arguments, and the shell remembers them. Use --client-secret-file, " +
        "--client-secret-stdin or M2M_CLIENT_SECRET, or leave it out to be asked on a terminal " +
        "(--insecure-client-secret-argument takes it nevertheless).",
    );
  }
  if (typeof proxy === "string" && proxy.includes("@")) {
    throw new UsageError("--proxy takes no password: other users see arguments. Set M2M_HTTP_PROXY_URL instead.");
  }
  const layer: Record<string, unknown> = {};
  for (const spec of specs) {
    const value = values[spec.name];
    if (value !== undefined) layer[spec.key!] = parseSetting(spec, value, `--${spec.name}`);
  }
  return {
    ...layer,
    ...typeof shown === "string" && { clientSecret: shown },
    ...values["client-secret-stdin"] && { clientSecretStdin: true },
  };
}

/** Reads variables of the process, or of a file. */
function readVariables(file: object | undefined): Settings {
  const layer: Record<string, unknown> = {};
  for (const spec of specs) {
    if (spec.env === undefined) continue;
    const variable = readVariable(spec.env, file);
    if (typeof variable === "object") {
      layer[spec.key!] = parseSetting(spec, variable.text, file ? `${spec.env} in the file of variables` : spec.env);
    } else checkReadable(spec.env, variable);
  }
  return layer;
}

function checkReadable(name: string, variable: Exclude<Variable, object>): void {
  if (variable !== "denied") return;
  throw new UsageError(`The variable ${name} can't be read: not permitted. Run Deno with --allow-env.`);
}

function readEnvFile(values: OptionValues): Readonly<Record<string, string>> {
  const { "env-file": path, "no-env-file": isOff } = values;
  if (isOff) return {};
  const text = readText(typeof path === "string" ? path : ".env", typeof path === "string" ? "--env-file" : ".env");
  if (text === undefined && path !== undefined) throw new UsageError("--env-file names no file that is there.");
  return text === undefined ? {} : parseEnv(text) as Record<string, string>;
}

function readProfile(values: OptionValues, env: object): Settings {
  const variable = readVariable("M2M_PROFILE", env);
  const chosen = values["profile"] ?? (typeof variable === "object" ? variable.text : undefined);
  const path = locateProfiles();
  const text = readText(path, path);
  if (text === undefined) {
    if (chosen === undefined) return {};
    throw new UsageError(
      `There are no profiles: ${path} is missing. It is JSON: { "name": { "issuer": "https://…" } }.`,
    );
  }
  const profiles = parseProfiles(text, path);
  const name = String(chosen ?? "default");
  const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (profile === undefined) {
    if (chosen === undefined) return {};
    throw new UsageError(`There is no profile "${name}" in ${path}.${suggest(name, Object.keys(profiles))}`);
  }
  const layer: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(profile)) {
    const spec = specs.find((each) => each.key === key);
    if (spec === undefined) {
      throw new UsageError(`${path} has an unknown key in "${name}".${suggest(key, specs.map(({ key }) => key!))}`);
    }
    layer[key] = parseSetting(spec, value, `${key} of the profile "${name}"`);
  }
  const isSecret = layer["clientSecret"] !== undefined || String(layer["httpProxyUrl"] ?? "").includes("@");
  const mode = process.platform === "win32" ? 0 : statSync(path).mode;
  if ((mode & 0o022) !== 0) throw new UsageError(`${path} can be written by other users. Run: chmod 600 ${path}`);
  if (isSecret && (mode & 0o077) !== 0) {
    throw new UsageError(`${path} holds a secret, and other users can read it. Run: chmod 600 ${path}`);
  }
  return layer;
}

function parseProfiles(text: string, path: string): Readonly<Record<string, object>> {
  try {
    const profiles = JSON.parse(text);
    if (Object.values(profiles).every((each) => typeof each === "object" && each !== null)) return profiles;
  } catch {
    // Its message quotes the text.
  }
  throw new UsageError(`${path} must be JSON with an object for each profile: { "name": { "issuer": "https://…" } }.`);
}

/** A small file's text; `undefined` where there is none. */
export function readText(path: string, name: string): string | undefined {
  try {
    return readFile(path);
  } catch (error) {
    const { code } = Object(error);
    if (isDenied(error)) {
      throw new UsageError(`${name} can't be read: not permitted. Run Deno with --allow-read.`);
    }
    throw new UsageError(`${name} can't be read${typeof code === "string" ? ` (${code})` : ""}.`);
  }
}
