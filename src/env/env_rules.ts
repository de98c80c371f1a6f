/**
 * The rule for each setting that the environment holds.
 *
 * @module
 */

import { checkUrl } from "../arguments.ts";
import type { EnvNames } from "./env_names.ts";
import { clientCredentials, flag, headerKey, proxyUrl, type Rule, scopes, text } from "./setting_rules.ts";

/** Settings, parsed, by the keys of {@linkcode EnvNames}. */
export interface EnvSettings
  extends Partial<Readonly<Record<Exclude<keyof EnvNames, "scopes" | "insecure" | "insecureSkipVerify">, string>>> {
  readonly scopes?: readonly string[];
  readonly insecure?: boolean;
  readonly insecureSkipVerify?: boolean;
}

/** Returns the rule for a setting. */
export function getRule(setting: keyof EnvNames): Rule {
  return rules[setting] ?? text;
}

const url: Rule = {
  parse(text) {
    checkUrl("", text);
    return text;
  },
  must: "an absolute URL, without user name and password",
};

const rules: Partial<Record<keyof EnvNames, Rule>> = {
  // A URL or a gRPC target, which depends on another variable: parsed when both are known.
  endpoint: { ...text, must: url.must },
  tokenEndpoint: url,
  // An option says whether it may be http: checked by the caller.
  issuer: {
    // Issuers are compared as text: a line break left by a file or a shell would make it a different one.
    parse: (text) => url.parse(String(text).trim()),
    must: 'an "https:" URL, without user name, password, query and fragment',
  },
  scopes,
  headerKey,
  insecure: flag,
  insecureSkipVerify: flag,
  httpProxyUrl: proxyUrl,
  authMode: clientCredentials,
};
