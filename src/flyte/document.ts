/**
 * Parses the documents in which Flyte's servers publish how to authenticate (`OAuth2MetadataResponse` and
 * `PublicClientAuthConfigResponse` of flyteidl and flyteidl2).
 *
 * Each field has two spellings: flyteadmin writes `token_endpoint`, if exactly `application/json` is accepted, and Flyte 2
 * and Connect `tokenEndpoint`. An unset field may be `""` or `[]`, the defaults of Protocol Buffers.
 *
 * @module
 */

import { checkHeaderKey, checkString, checkUrl } from "../arguments.ts";
import type { ClientConfig } from "../config_store/client_config_store.ts";
import { isSecure, parseList } from "../discovery/metadata_fields.ts";
import { frozenScopes } from "../config_store/overrides.ts";
import type { Answer, Document } from "../discovery/published_document.ts";

/** The metadata of the platform's authorization server. */
export interface FlyteMetadata {
  readonly tokenEndpoint: string;
  readonly issuer: string | undefined;
  /** The client authentication methods that it supports. */
  readonly authMethods: readonly string[] | undefined;
}

/** The platform's settings for its clients, but those that are unset or overridden. */
export type FlyteClient = Pick<ClientConfig, "scopes" | "audience" | "headerKey">;

/** Options for parsing. */
export interface FlyteContext {
  /** The platform, as a URL. */
  readonly platform: string;
  readonly allowInsecureRequests?: boolean | undefined;
}

/** Parses the metadata. The token endpoint is often on another host than the platform. */
export function parseFlyteMetadata(document: Document, context: FlyteContext): Answer<FlyteMetadata> {
  const { platform, allowInsecureRequests = false } = context;
  const url = parseTokenEndpoint(readField(document, "token_endpoint"), platform);
  if (url === undefined) {
    return {
      miss: {
        code: "invalid_config",
        reason: "names no token_endpoint that is an absolute URL",
        advice: "Check the endpoint; if it is the platform's, have it use OAuth, or set the token endpoint " +
          "(StaticClientConfigStore).",
      },
    };
  }
  if (!isSecure(url.href, platform, allowInsecureRequests)) {
    return {
      miss: {
        code: "insecure_endpoint",
        reason: "names an http: token_endpoint",
        advice: "Have the platform publish an https: one, or set allowInsecureRequests.",
      },
    };
  }
  // Compared to nothing, for the issuer is often an identity provider on another host.
  const issuer = readField(document, "issuer");
  return {
    ok: {
      tokenEndpoint: url.href,
      issuer: typeof issuer === "string" ? issuer : undefined,
      authMethods: parseList(
        readField(document, "token_endpoint_auth_methods_supported"),
        () => true,
      ) as readonly string[],
    },
  };
}

/** Parses the settings for clients, but those that are overridden. */
export function parseFlyteClient(document: Document, overrides: FlyteClient): Answer<FlyteClient> {
  const client: Record<string, unknown> = {};
  for (const [setting, name, check] of clientFields) {
    if (overrides[setting] !== undefined) continue;
    try {
      client[setting] = check(readField(document, name));
    } catch {
      return {
        miss: {
          code: "invalid_config",
          reason: `holds no ${name} that can be used`,
          advice: `Have the platform mend it, or say it yourself (overrides.${setting}).`,
        },
      };
    }
  }
  return { ok: client };
}

const clientFields = [
  ["scopes", "scopes", frozenScopes],
  ["audience", "audience", (value: unknown) => checkString("", value)],
  ["headerKey", "authorization_metadata_key", checkHeaderKey],
] as const;

/** Returns a field by either spelling, unless it is empty. */
function readField(document: Document, name: string): unknown {
  const camelCase = name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  return [name, camelCase].map((key) => Object.hasOwn(document, key) ? document[key] : undefined)
    .find((value) => !isEmpty(value));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || Array.isArray(value) && value.length === 0;
}

/** Parses an absolute URL, or a path on the platform. */
function parseTokenEndpoint(value: unknown, platform: string): URL | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return checkUrl("", /^\/(?![/\\])/.test(value) ? new URL(platform).origin + value : value);
  } catch {
    return undefined;
  }
}
