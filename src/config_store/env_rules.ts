/**
 * What may stand in the variables of the environment.
 *
 * @module
 */

import { checkHeaderKey, checkScopes, checkUrl } from "./check.ts";
import type { EnvNames } from "./env_names.ts";

/** Settings as they are used, under the names of {@linkcode EnvNames}. */
export interface EnvSettings {
  readonly endpoint?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly clientSecretFile?: string;
  readonly clientSecretEnvVar?: string;
  readonly tokenEndpoint?: string;
  readonly scopes?: readonly string[];
  readonly audience?: string;
  readonly headerKey?: string;
  readonly issuer?: string;
  readonly insecure?: boolean;
  readonly insecureSkipVerify?: boolean;
  readonly caFile?: string;
  readonly httpProxyUrl?: string;
  readonly authMode?: string;
}

/** How a variable's text becomes a setting. */
export interface Rule {
  /** The setting's value; throws where the text is none. */
  readonly parse: (text: string) => unknown;
  /** Follows on "must be". */
  readonly must: string;
}

/** The rule for a setting. */
export function ruleOf(setting: keyof EnvNames): Rule {
  return rules[setting] ?? text;
}

const text: Rule = { parse: (text) => text, must: "text" };

const url: Rule = {
  parse(text) {
    checkUrl("", text);
    return text;
  },
  must: "an absolute URL, without user name and password",
};

const flag: Rule = {
  parse(text) {
    if (/^(true|1|yes|on)$/i.test(text)) return true;
    if (/^(false|0|no|off)$/i.test(text)) return false;
    throw new TypeError();
  },
  must: "true or false",
};

const rules: Partial<Record<keyof EnvNames, Rule>> = {
  // What it is depends on another variable: judged when both are known.
  endpoint: { ...text, must: url.must },
  tokenEndpoint: url,
  // Whether it may be http: depends on an option: judged by the store that is made of it.
  issuer: { ...url, must: 'an "https:" URL, without user name, password, query and fragment' },
  scopes: {
    parse: (text) => checkScopes(text.split(/[\s,]+/).filter(Boolean)),
    must: "scopes separated by spaces or commas, without quotes (RFC 6749 §3.3)",
  },
  headerKey: { parse: checkHeaderKey, must: 'the name of a header, such as "authorization"' },
  insecure: flag,
  insecureSkipVerify: flag,
  httpProxyUrl: {
    parse(text) {
      if (!/^https?:$/.test(new URL(text).protocol)) throw new TypeError();
      return text;
    },
    must: "an absolute URL",
  },
  authMode: {
    parse(text) {
      // In all the ways in which Flyte's clients spell it.
      if (!/^(client_?credentials|client_?secret|basic)$/i.test(text)) throw new TypeError();
      return text;
    },
    must: "client_credentials: the other ways to sign in are for people",
  },
};
