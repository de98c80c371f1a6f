/**
 * What may stand in the variables of the environment.
 *
 * @module
 */

import { checkUrl } from "../arguments.ts";
import type { EnvNames } from "./env_names.ts";
import { clientCredentials, flag, headerKey, proxyUrl, type Rule, scopes, text } from "./setting_rules.ts";

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

/** The rule for a setting. */
export function ruleOf(setting: keyof EnvNames): Rule {
  return rules[setting] ?? text;
}

const url: Rule = {
  read(text) {
    checkUrl("", text);
    return text;
  },
  must: "an absolute URL, without user name and password",
};

const rules: Partial<Record<keyof EnvNames, Rule>> = {
  // What it is depends on another variable: judged when both are known.
  endpoint: { ...text, must: url.must },
  tokenEndpoint: url,
  // Whether it may be http: depends on an option: judged by the store that is made of it.
  issuer: {
    // Compared as text: what a file or a shell leaves at its end would make it another's.
    read: (text) => url.read(String(text).trim()),
    must: 'an "https:" URL, without user name, password, query and fragment',
  },
  scopes,
  headerKey,
  insecure: flag,
  insecureSkipVerify: flag,
  httpProxyUrl: proxyUrl,
  authMode: clientCredentials,
};
