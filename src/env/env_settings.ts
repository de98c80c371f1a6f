/**
 * Reads settings from the environment, and reports all faults at once: by name, never by value, for any variable may
 * hold a secret by mistake.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { type EnvNames, envNames } from "./env_names.ts";
import { type EnvSettings, getRule } from "./env_rules.ts";
import { describeNamedFault, readVariable, type Variable } from "./environment.ts";

/** Options for reading the environment. */
export interface EnvOptions {
  /**
   * The beginning of the variables' names.
   *
   * @default {"M2M_"}
   */
  readonly prefix?: string | undefined;
  /** The variables' names, instead of those with the prefix. */
  readonly names?: EnvNames | undefined;
  /**
   * An object to read instead of the process's environment: a worker's bindings, a parsed `.env` file. It is read at each
   * use, so changes take effect. Default: the environment of Deno, Bun or Node.
   */
  readonly env?: object | undefined;
}

/** Checked {@linkcode EnvOptions}. */
export interface EnvSource {
  readonly names: EnvNames;
  readonly env: object | undefined;
}

/** Checks the options. */
export function checkEnvOptions({ prefix, names, env }: EnvOptions): EnvSource {
  if (names !== undefined && prefix !== undefined) {
    throw new TypeError("names and prefix must not both be set: pass one or the other.");
  }
  if (env !== undefined && (typeof env !== "object" || env === null)) throw new TypeError("env must be an object.");
  return { names: names === undefined ? envNames(prefix) : { ...names }, env };
}

/** Reads some settings at once, and collects what is wrong with them. */
export class EnvReader {
  /** The settings that are set and valid. */
  readonly settings: EnvSettings;
  readonly #source: EnvSource;
  readonly #invalid = new Set<keyof EnvNames>();
  readonly #faults: string[] = [];
  readonly #denied: string[] = [];
  #isDenied = false;

  constructor(source: EnvSource, wanted: readonly (keyof EnvNames)[]) {
    this.#source = source;
    const settings: Record<string, unknown> = {};
    for (const setting of wanted) {
      const name = source.names[setting];
      const variable = name === undefined ? "unset" : readVariable(name, source.env);
      if (name === undefined || variable === "unset") continue;
      try {
        if (typeof variable === "string") throw new TypeError();
        settings[setting] = getRule(setting).parse(variable.text);
      } catch {
        if (variable !== "denied") this.addFault(setting);
        else this.#denied.push(name);
        this.#invalid.add(setting);
      }
    }
    this.settings = settings;
  }

  /** Adds a fault: the setting must be something else. */
  addFault(setting: keyof EnvNames, must: string = getRule(setting).must): void {
    if (this.#invalid.has(setting)) return;
    this.#invalid.add(setting);
    this.#faults.push(`${this.#source.names[setting]} must be ${must}`);
  }

  /** Tells whether the setting's variable is set, even to something invalid. */
  isSet(setting: keyof EnvNames): boolean {
    return setting in this.settings || this.#invalid.has(setting);
  }

  /** Adds a fault if none of these is set. */
  require(...settings: readonly (keyof EnvNames)[]): void {
    const names = settings.map((setting) => this.#source.names[setting]).filter((name) => name !== undefined);
    if (settings.some((setting) => this.isSet(setting))) return;
    const others = names.slice(1).map((name) => `or ${name}`).join(", ");
    this.#faults.push(`${names[0]} is missing${others && ` (${others})`}`);
  }

  /** Adds a fault if the variable that another one names can't be used. */
  requireNamed(setting: keyof EnvNames, variable: Variable): void {
    if (typeof variable === "object") return;
    this.#faults.push(describeNamedFault(this.#source.names[setting]!, variable));
    this.#isDenied ||= variable === "denied";
  }

  /** All faults, as one error. */
  get error(): AuthenticationError | undefined {
    const denied = this.#denied.length > 0
      ? [`${this.#denied.join(", ")} may not be read (--allow-env=${this.#denied})`]
      : [];
    const faults = [...denied, ...this.#faults];
    if (faults.length === 0) return undefined;
    return new AuthenticationError(
      this.#isDenied || denied.length > 0 ? "permission_denied" : "invalid_config",
      `Cannot use the settings in the environment: ${faults.join("; ")}.`,
    );
  }
}
