/**
 * Reads settings from the environment, and says of all that is wrong with them at once: by name, never by value, for a
 * secret may stand under any name by mistake.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { type EnvNames, envNames } from "./env_names.ts";
import { type EnvSettings, ruleOf } from "./env_rules.ts";
import { faultOfNamed, readVariable, type Variable } from "./environment.ts";

/** Where settings are read from. */
export interface EnvOptions {
  /** What the variables' names begin with. Default: `M2M_`. */
  readonly prefix?: string | undefined;
  /** The variables' names, in place of those with the prefix. */
  readonly names?: EnvNames | undefined;
  /**
   * An object to read in place of the environment of the process: a worker's bindings, a parsed `.env` file. It is read
   * when a setting is needed, so that changes take effect. Default: the environment of Deno, Bun or Node.
   */
  readonly env?: object | undefined;
}

/** The options, checked. */
export interface EnvSource {
  readonly names: EnvNames;
  readonly env: object | undefined;
}

/** The names to read by, and what to read. */
export function checkEnvOptions({ prefix, names, env }: EnvOptions): EnvSource {
  if (names !== undefined && prefix !== undefined) {
    throw new TypeError("names stand in place of those with the prefix: pass one or the other.");
  }
  if (env !== undefined && (typeof env !== "object" || env === null)) throw new TypeError("env must be an object.");
  return { names: names === undefined ? envNames(prefix) : { ...names }, env };
}

/** Some settings, as they stood in the environment when this was made. */
export class EnvReading {
  /** Those that are set, and can be used. */
  readonly settings: EnvSettings;
  readonly #source: EnvSource;
  readonly #unusable = new Set<keyof EnvNames>();
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
        settings[setting] = ruleOf(setting).read(variable.text);
      } catch {
        if (variable !== "denied") this.refuse(setting);
        else this.#denied.push(name);
        this.#unusable.add(setting);
      }
    }
    this.settings = settings;
  }

  /** Takes what stands under a setting's name for a fault; `must` follows on "must be". */
  refuse(setting: keyof EnvNames, must: string = ruleOf(setting).must): void {
    if (this.#unusable.has(setting)) return;
    this.#unusable.add(setting);
    this.#faults.push(`${this.#source.names[setting]} must be ${must}`);
  }

  /** Whether there is anything under a setting's name, of use or not. */
  isSet(setting: keyof EnvNames): boolean {
    return setting in this.settings || this.#unusable.has(setting);
  }

  /** Takes it for a fault if none of these is set. */
  require(...settings: readonly (keyof EnvNames)[]): void {
    const names = settings.map((setting) => this.#source.names[setting]).filter((name) => name !== undefined);
    if (settings.some((setting) => this.isSet(setting))) return;
    const others = names.slice(1).map((name) => `or ${name}`).join(", ");
    this.#faults.push(`${names[0]} is missing${others && ` (${others})`}`);
  }

  /** Takes it for a fault if the variable that another one names is of no use. */
  requireNamed(setting: keyof EnvNames, variable: Variable): void {
    if (typeof variable === "object") return;
    this.#faults.push(faultOfNamed(this.#source.names[setting]!, variable));
    this.#isDenied ||= variable === "denied";
  }

  /** All that is wrong. */
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
