/**
 * Parses the `admin:` section of Flyte's config file.
 *
 * @module
 */

import { loadAll, YAML11_SCHEMA } from "js-yaml";
import { AuthenticationError } from "../errors.ts";
import { readLegacyFlyteConfig } from "./legacy_config.ts";
import { flag, headerKey, proxyUrl, type Rule, scopes, text as anyText } from "../env/setting_rules.ts";

/** Holds the settings in Flyte's config file. Those that it doesn't set are absent. */
export interface FlyteConfig {
  /** The platform: `dns:///flyte.example.com`, `flyte.example.com:8089` or a URL. */
  readonly endpoint?: string;
  /** Whether to call it without TLS. */
  readonly insecure?: boolean;
  /** Whether to skip the verification of its certificate. */
  readonly insecureSkipVerify?: boolean;
  /** The path of a PEM file with more certificate authorities. */
  readonly caCertFilePath?: string;
  /** An HTTP proxy for all requests. */
  readonly httpProxyUrl?: string;
  /** How to authenticate: `ClientSecret`, `Pkce`, `DeviceFlow`, `ExternalCommand` or another spelling of them. */
  readonly authType?: string;
  /** The client's identifier. */
  readonly clientId?: string;
  /** The path of a file with the client's secret. */
  readonly clientSecretLocation?: string;
  /** The name of an environment variable with the client's secret. */
  readonly clientSecretEnvVar?: string;
  /** Scopes to request. */
  readonly scopes?: readonly string[];
  /** The API the token is for. */
  readonly audience?: string;
  /** The header that carries the token. */
  readonly authorizationHeader?: string;
}

const text: Rule = { ...anyText, must: "text, in quotes if it looks like something else" };

/** Keyed by the names of flytekit and flytectl. */
const rules: Readonly<Record<keyof FlyteConfig, Rule>> = {
  endpoint: text,
  insecure: flag,
  insecureSkipVerify: flag,
  caCertFilePath: text,
  httpProxyUrl: proxyUrl,
  authType: text,
  clientId: text,
  clientSecretLocation: text,
  clientSecretEnvVar: text,
  scopes: { ...scopes, must: "a list of scopes" },
  audience: text,
  authorizationHeader: { ...headerKey, must: "the name of a header" },
};

/** Names that differ in the file, for messages. */
const spelling: Readonly<Record<string, string>> = { httpProxyUrl: "httpProxyURL" };
/** In characters, ten times the usual: parsing YAML is slow. */
const maxLength = 32_768;

/**
 * Parses Flyte's config file (`~/.flyte/config.yaml`) as flytectl and flytekit do.
 *
 * The section is `admin`. The case of its keys, hyphens and underscores don't matter (`clientId`, `client-id`,
 * `client_id`). In YAML 1.1 `yes` and `on` are `true`. Empty values count as absent, and unknown keys are ignored. The older
 * form of the file, with the sections `[platform]` and `[credentials]`, works too. A secret in the file itself is ignored.
 *
 * @example
 * ```ts
 * import { parseFlyteConfig } from "@m2m/authenticator/config-store/flyte-config-file";
 * import { assertEquals } from "@std/assert";
 *
 * const config = parseFlyteConfig(`
 *   admin:
 *     endpoint: dns:///flyte.example.com
 *     authType: ClientSecret
 *     clientId: my-client
 *     clientSecretLocation: /etc/secrets/client_secret
 *     scopes: [all]
 * `);
 * assertEquals(config.endpoint, "dns:///flyte.example.com");
 * assertEquals(config.scopes, ["all"]);
 * ```
 *
 * @param source The file's text.
 * @returns The settings.
 * @throws {AuthenticationError} With code `invalid_config` if it isn't YAML, is over 32 KiB, or has settings that can't be
 * used. The message names them all, and shows no value.
 * @throws {TypeError} If `source` isn't a string.
 */
export function parseFlyteConfig(source: string): FlyteConfig {
  if (typeof source !== "string") throw new TypeError("source must be the text of Flyte's config file.");
  if (source.length > maxLength) throw makeError("it is over 32 KiB.");
  const entries = readLegacyFlyteConfig(source) ?? Object.entries(readAdminSection(source));
  const admin = new Map<string, unknown>(entries.map(([name, value]) => [normalize(name), value]));
  const config: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, { parse, must }] of Object.entries(rules)) {
    const value = admin.get(normalize(name)) ?? (name === "authType" ? admin.get("authmode") : undefined);
    if (value === undefined || value === null || value === "") continue;
    try {
      config[name] = parse(value);
    } catch {
      faults.push(`admin.${spelling[name] ?? name} must be ${must}`);
    }
  }
  if (faults.length > 0) throw makeError(`${faults.join("; ")}.`);
  return config;
}

function readAdminSection(source: string): object {
  const content: unknown = parseYaml(source);
  const { admin } = Object(content);
  if (content !== null && !isRecord(content) || admin !== undefined && admin !== null && !isRecord(admin)) {
    throw makeError("it must be a mapping with another one under admin.");
  }
  return admin ?? {};
}

/** Replaces the library's errors, whose messages quote the file. */
function parseYaml(source: string): unknown {
  const documents: unknown[] = [];
  // Thousands of them would take a second.
  if ((source.match(/^---(?=\s|$)/gm)?.length ?? 0) > 2) throw makeError("it must be a single document.");
  try {
    documents.push(...loadAll(source, { schema: YAML11_SCHEMA }));
  } catch (error) {
    const { line, column } = Object(Object(error).mark);
    throw makeError(`it is no YAML (line ${line + 1}, column ${column + 1}).`);
  }
  if (documents.length > 1) throw makeError("it must be a single document.");
  return documents[0] ?? null;
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function normalize(name: string): string {
  return name.replace(/[-_]/g, "").toLowerCase();
}

function makeError(reason: string): AuthenticationError {
  return new AuthenticationError("invalid_config", `Cannot use Flyte's config file: ${reason}`);
}
