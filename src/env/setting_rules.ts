/**
 * What may stand in a setting that was written down: in a variable of the environment, or in a file.
 *
 * @module
 */

import { checkHeaderKey } from "../arguments.ts";
import { frozenScopes } from "../config_store/overrides.ts";

/** How what is written becomes a setting. */
export interface Rule {
  /** The setting's value; throws where what is written is none. */
  readonly read: (value: unknown) => unknown;
  /** Follows on "must be". */
  readonly must: string;
}

/** As it is. */
export const text: Rule = {
  read(value) {
    if (typeof value !== "string") throw new TypeError();
    return value;
  },
  must: "text",
};

/** A switch, in all the words for it: YAML takes what is in quotes for text. */
export const flag: Rule = {
  read(value) {
    if (typeof value === "boolean") return value;
    if (/^(true|1|yes|on)$/i.test(String(value))) return true;
    if (/^(false|0|no|off)$/i.test(String(value))) return false;
    throw new TypeError();
  },
  must: "true or false",
};

/** A list of scopes, or a text of them. */
export const scopes: Rule = {
  read: (value) => frozenScopes(typeof value === "string" ? value.split(/[\s,]+/).filter(Boolean) : value),
  must: "scopes separated by spaces or commas, without quotes (RFC 6749 §3.3)",
};

/** The name of a header. */
export const headerKey: Rule = { read: checkHeaderKey, must: 'the name of a header, such as "authorization"' };

/** The URL of a proxy, where user name and password may stand. */
export const proxyUrl: Rule = {
  read(value) {
    if (typeof value !== "string" || !/^https?:$/.test(new URL(value).protocol)) throw new TypeError();
    return value;
  },
  must: "an absolute URL",
};

/** How one signs in: by client credentials, in all the ways in which Flyte's clients spell it. */
export const clientCredentials: Rule = {
  read(value) {
    if (!/^(client_?credentials|client_?secret|basic)$/i.test(String(value))) throw new TypeError();
    return value;
  },
  must: "client_credentials: the other ways to sign in are for people",
};

/** Whether a rule lets it stand. */
export function allows({ read }: Rule, value: unknown): boolean {
  try {
    read(value);
    return true;
  } catch {
    return false;
  }
}
