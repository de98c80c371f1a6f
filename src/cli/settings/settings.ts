/**
 * The settings of a client, from wherever they come.
 *
 * @module
 */

import { parseUrl } from "../../arguments.ts";
import { frozenScopes } from "../../config_store/overrides.ts";
import { flag, headerKey, isAllowed, proxyUrl } from "../../env/setting_rules.ts";
import type { OptionSpec } from "../options/options.ts";
import type { clientAuthChoices, grantChoices } from "../options/setting_options.ts";
import { suggest, UsageError } from "../usage_error.ts";

/** The settings. Those that nothing sets are absent. */
export interface Settings {
  readonly endpoint?: string;
  readonly issuer?: string;
  readonly tokenEndpoint?: string;
  readonly protectedResource?: boolean;
  readonly flyte?: boolean;
  readonly flyteConfig?: string;
  /** The Flyte platform's URL. */
  readonly flytePlatform?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly clientSecretStdin?: boolean;
  readonly clientSecretFile?: string;
  readonly clientSecretEnvVar?: string;
  readonly clientAuth?: typeof clientAuthChoices[number];
  readonly keyFile?: string;
  readonly keyId?: string;
  readonly algorithm?: string;
  readonly assertionAudience?: string;
  readonly assertionFile?: string;
  readonly certificate?: string;
  readonly certificateKey?: string;
  readonly scopes?: readonly string[];
  readonly audience?: string;
  readonly resource?: readonly string[];
  readonly parameters?: Readonly<Record<string, string>>;
  readonly grant?: typeof grantChoices[number];
  readonly subjectTokenFile?: string;
  readonly subjectTokenType?: string;
  readonly actorTokenFile?: string;
  readonly headerKey?: string;
  readonly tokenType?: string;
  readonly dpop?: boolean;
  readonly dpopKeyFile?: string;
  readonly httpProxyUrl?: string;
  readonly caFile?: string;
  readonly insecureSkipVerify?: boolean;
  readonly allowInsecureRequests?: boolean;
  /** In seconds. */
  readonly timeout?: number;
  readonly noCache?: boolean;
}

/** The host of the server, for people. */
export function nameServer({ tokenEndpoint, issuer, flytePlatform, endpoint }: Settings): string {
  const url = tokenEndpoint ?? issuer ?? flytePlatform ?? endpoint;
  return url === undefined ? "the server" : new URL(url).host;
}

/**
 * Settings that answer one question together: of these a place replaces all that places below it set. A secret of the
 * environment must not go to the server that a flag names by another kind of URL, say.
 */
const answers: readonly (readonly (keyof Settings)[])[] = [
  ["tokenEndpoint", "issuer", "flyte", "flyteConfig"],
  ["clientSecret", "clientSecretStdin", "clientSecretFile", "clientSecretEnvVar", "keyFile", "assertionFile"],
];

/** Merges layers; the first that sets something counts. */
export function mergeLayers(layers: readonly Settings[]): Settings {
  const merged: Record<string, unknown> = {};
  const isBearer = layers.find(({ grant }) => grant !== undefined)?.grant === "jwt-bearer";
  for (const layer of layers) {
    const taken = new Set<string>(Object.keys(merged));
    for (const keys of answers) {
      // There the assertion is the grant's, and says nothing about the client.
      const counting = keys.filter((key) => !(isBearer && key === "assertionFile"));
      if (counting.some((key) => taken.has(key))) counting.forEach((key) => taken.add(key));
    }
    for (const [key, value] of Object.entries(layer)) if (!taken.has(key) && value !== undefined) merged[key] = value;
  }
  return merged;
}

/** Parses the text (or, in a profile, the JSON value) of a setting. `place` names it in messages; no value is shown. */
export function parseSetting(spec: OptionSpec, given: unknown, place: string): unknown {
  const { kind, key, choices = [] } = spec;
  const fail = (must: string) => new UsageError(`${place} must be ${must}.`);
  if (key === "parameters") return parseParameters(given, fail);
  if (kind === "switch") {
    if (!isAllowed(flag, given)) throw fail("true or false");
    return flag.parse(given);
  }
  if (kind === "seconds") {
    const seconds = Number(given);
    if (!(seconds > 0 && seconds <= 86_400)) throw fail("a number of seconds, from a fraction to 86400");
    return seconds;
  }
  if (spec.multiple) {
    const list = [given].flat();
    if (!list.every((each) => typeof each === "string")) throw fail("text, or a list of texts");
    const parts = list.flatMap((each) => String(each).split(key === "scopes" ? /[\s,]+/ : /\s+/)).filter(Boolean);
    if (key !== "scopes") return parts;
    if (!isAllowed({ parse: frozenScopes, must: "" }, parts)) throw fail("scopes, separated by spaces (RFC 6749 §3.3)");
    return parts;
  }
  if (typeof given !== "string" || given === "") throw fail("text that isn't empty");
  if (kind === "choice" && !choices.includes(given)) {
    throw new UsageError(`${place} must be one of ${choices.join(", ")}.${suggest(given, choices)}`);
  }
  if (key === "headerKey" && !isAllowed(headerKey, given)) throw fail(headerKey.must);
  if (key === "httpProxyUrl" && !isAllowed(proxyUrl, given)) {
    throw fail('a URL, such as "http://proxy.example.com:3128"');
  }
  if (kind === "url" && key !== "httpProxyUrl") {
    const url = parseUrl(given.trim());
    if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
      throw fail("an absolute URL without user name and password, such as https://auth.example.com");
    }
    return given.trim();
  }
  return given;
}

function parseParameters(given: unknown, fail: (must: string) => UsageError): Readonly<Record<string, string>> {
  const pairs: (readonly [string, unknown])[] = typeof given === "string"
    ? [...new URLSearchParams(given)]
    : Array.isArray(given)
    ? given.map((text) => /^([^=]+)=(.*)$/s.exec(String(text))?.slice(1) as [string, string])
    : Object.entries(Object(given));
  if (!pairs.every((pair) => typeof pair?.[1] === "string")) throw fail("name=value");
  // Else it would stand in the arguments, or in a profile that may not hold it.
  if (
    pairs.some(([name]) => /^(client_secret|client_assertion|assertion|password|subject_token|actor_token)$/.test(name))
  ) {
    throw fail("another parameter than a credential: those have options of their own");
  }
  return Object.fromEntries(pairs) as Record<string, string>;
}
