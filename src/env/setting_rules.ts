/**
 * Rules for settings in environment variables and config files.
 *
 * @module
 */

import { checkHeaderKey } from "../arguments.ts";
import { frozenScopes } from "../config_store/overrides.ts";

/** Parses a setting. */
export interface Rule {
  /** Returns the value, or throws. */
  readonly parse: (value: unknown) => unknown;
  /** What the setting must be, for messages. */
  readonly must: string;
}

export const text: Rule = {
  parse(value) {
    if (typeof value !== "string") throw new TypeError();
    return value.replace(/[\r\n]+$/, "");
  },
  must: "text",
};

/** The text of a single value: that of a list whose parts are aliases (YAML) may be endless. */
function scalar(value: unknown): string {
  if (typeof value === "object") throw new TypeError();
  return String(value);
}

/** A boolean, or a text for one: what is in quotes is text in YAML. */
export const flag: Rule = {
  parse(value) {
    if (typeof value === "boolean") return value;
    const flag = scalar(value);
    if (/^(true|1|yes|on)$/i.test(flag)) return true;
    if (/^(false|0|no|off)$/i.test(flag)) return false;
    throw new TypeError();
  },
  must: "true or false",
};

/** A list of scopes, or a text with separators. */
export const scopes: Rule = {
  parse: (value) => frozenScopes(typeof value === "string" ? value.split(/[\s,]+/).filter(Boolean) : value),
  must: "scopes separated by spaces or commas, without quotes (RFC 6749 §3.3)",
};

export const headerKey: Rule = { parse: checkHeaderKey, must: 'the name of a header, such as "authorization"' };

/** A proxy's URL, which may hold a user name and a password. */
export const proxyUrl: Rule = {
  parse(value) {
    if (typeof value !== "string" || !/^https?:$/.test(new URL(value).protocol)) throw new TypeError();
    return value;
  },
  must: "an absolute URL",
};

/** Client credentials, in all the spellings of Flyte's clients. */
export const clientCredentials: Rule = {
  parse(value) {
    if (!/^(client_?credentials|client_?secret|basic)$/i.test(scalar(value))) throw new TypeError();
    return value;
  },
  must: "client_credentials: the other ways to sign in are for people",
};

/** Tells whether a value keeps the rule. */
export function isAllowed({ parse }: Rule, value: unknown): boolean {
  try {
    parse(value);
    return true;
  } catch {
    return false;
  }
}
