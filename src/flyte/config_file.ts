/**
 * Reads the `admin:` section of Flyte's config file.
 *
 * @module
 */

import { loadAll, YAML11_SCHEMA } from "js-yaml";
import { AuthenticationError } from "../errors.ts";
import { readLegacyFlyteConfig } from "./legacy_config.ts";
import { flag, headerKey, proxyUrl, type Rule, scopes, text as anyText } from "../env/setting_rules.ts";

/**
 * What Flyte's config file says of the platform, and of how one signs in there. What it doesn't say is absent.
 */
export interface FlyteConfig {
  /** The platform: `dns:///flyte.example.com`, `flyte.example.com:8089` or a URL. */
  readonly endpoint?: string;
  /** Whether it is spoken to without TLS. */
  readonly insecure?: boolean;
  /** Whether its certificate isn't verified. */
  readonly insecureSkipVerify?: boolean;
  /** The path of a PEM file with authorities to trust besides the runtime's own. */
  readonly caCertFilePath?: string;
  /** An HTTP proxy for all requests. */
  readonly httpProxyUrl?: string;
  /** How one signs in: `ClientSecret`, `Pkce`, `DeviceFlow`, `ExternalCommand` or another spelling of them. */
  readonly authType?: string;
  /** The client's identifier. */
  readonly clientId?: string;
  /** The path of a file that holds the client's secret. */
  readonly clientSecretLocation?: string;
  /** The name of an environment variable that holds the client's secret. */
  readonly clientSecretEnvVar?: string;
  /** Scopes to ask for. */
  readonly scopes?: readonly string[];
  /** The API the token is for. */
  readonly audience?: string;
  /** The header that carries the token. */
  readonly authorizationHeader?: string;
}

const text: Rule = { ...anyText, must: "text, in quotes if it looks like something else" };

/** By the names that flytekit and flytectl give them. */
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

/** What is written otherwise in the file, for messages. */
const spelling: Readonly<Record<string, string>> = { httpProxyUrl: "httpProxyURL" };
/** In characters: YAML takes its time. */
const longest = 1_048_576;

/**
 * Reads Flyte's config file (`~/.flyte/config.yaml`, say), as flytectl and flytekit do: the section `admin`, by names whose
 * capitals, hyphens and underscores don't matter (`clientId`, `client-id`, `client_id`), and YAML 1.1, in which `yes` and
 * `on` are `true`. What is empty is absent, and names it doesn't know are passed over. It also reads the older form
 * of the file, with the sections `[platform]` and `[credentials]`, but no secret that stands in the file itself.
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
 * @returns What it says.
 * @throws {AuthenticationError} With code `invalid_config` if it is no YAML or over 1 MiB, or something in it can't be used: all of that,
 * by name, and no value.
 * @throws {TypeError} If it is no text.
 */
export function parseFlyteConfig(source: string): FlyteConfig {
  if (typeof source !== "string") throw new TypeError("source must be the text of Flyte's config file.");
  if (source.length > longest) throw invalid("it is over 1 MiB.");
  const entries = readLegacyFlyteConfig(source) ?? Object.entries(adminSection(source));
  const admin = new Map<string, unknown>(entries.map(([name, value]) => [bare(name), value]));
  const config: Record<string, unknown> = {};
  const faults: string[] = [];
  for (const [name, { read, must }] of Object.entries(rules)) {
    const value = admin.get(bare(name)) ?? (name === "authType" ? admin.get("authmode") : undefined);
    if (value === undefined || value === null || value === "") continue;
    try {
      config[name] = read(value);
    } catch {
      faults.push(`admin.${spelling[name] ?? name} must be ${must}`);
    }
  }
  if (faults.length > 0) throw invalid(`${faults.join("; ")}.`);
  return config;
}

function adminSection(source: string): object {
  const content: unknown = parseYaml(source);
  const { admin } = Object(content);
  if (content !== null && !isRecord(content) || admin !== undefined && admin !== null && !isRecord(admin)) {
    throw invalid("it must be a mapping with another one under admin.");
  }
  return admin ?? {};
}

/** The library's own messages quote the file, which may hold a secret. */
function parseYaml(source: string): unknown {
  const documents: unknown[] = [];
  try {
    documents.push(...loadAll(source, { schema: YAML11_SCHEMA }));
  } catch (error) {
    const { line, column } = Object(Object(error).mark);
    throw invalid(`it is no YAML (line ${line + 1}, column ${column + 1}).`);
  }
  if (documents.length > 1) throw invalid("it must be a single document.");
  return documents[0] ?? null;
}

function isRecord(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function bare(name: string): string {
  return name.replace(/[-_]/g, "").toLowerCase();
}

function invalid(what: string): AuthenticationError {
  return new AuthenticationError("invalid_config", `Cannot use Flyte's config file: ${what}`);
}
