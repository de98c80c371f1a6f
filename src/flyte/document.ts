/**
 * What Flyte's servers publish of how one signs in (`OAuth2MetadataResponse` and `PublicClientAuthConfigResponse` of
 * flyteidl, the same in flyteidl2), judged field by field.
 *
 * Each field comes in two spellings: flyteadmin writes `token_endpoint` to those who accept exactly
 * `application/json`, Flyte 2 and Connect write `tokenEndpoint`. A field that isn't set is there all the same, as `""`
 * or `[]` (Protocol Buffers' defaults), and is read as absent.
 *
 * @module
 */

import { checkHeaderKey, checkString, checkUrl } from "../arguments.ts";
import type { ClientConfig } from "../config_store/client_config_store.ts";
import { isSecure, parseList } from "../discovery/metadata_fields.ts";
import { frozenScopes } from "../config_store/overrides.ts";
import type { Answer, Document } from "../discovery/published_document.ts";

/** What the platform says of its authorization server. */
export interface FlyteMetadata {
  readonly tokenEndpoint: string;
  readonly issuer: string | undefined;
  /** How clients may prove who they are there. */
  readonly authMethods: readonly string[] | undefined;
}

/** What the platform says to its clients. What it doesn't set, or the user has said, is absent. */
export type FlyteClient = Pick<ClientConfig, "scopes" | "audience" | "headerKey">;

/** What a document is judged by. */
export interface FlyteContext {
  /** The platform, as a URL. */
  readonly platform: string;
  readonly allowInsecureRequests?: boolean | undefined;
}

/** The token endpoint in a document, which is often of another host than the platform's own; or why there is none. */
export function judgeFlyteMetadata(document: Document, context: FlyteContext): Answer<FlyteMetadata> {
  const { platform, allowInsecureRequests = false } = context;
  const url = tokenEndpointOf(field(document, "token_endpoint"), platform);
  if (url === undefined) {
    return {
      miss: {
        code: "invalid_config",
        reason: "names no token_endpoint that is an absolute URL",
        advice: "Check the endpoint; if it is the platform's, have it sign in by OAuth, or name the token endpoint " +
          "yourself (StaticClientConfigStore).",
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
  // Not compared to anything: it is the identity provider's own name for itself, whoever publishes it.
  const issuer = field(document, "issuer");
  return {
    ok: {
      tokenEndpoint: url.href,
      issuer: typeof issuer === "string" ? issuer : undefined,
      authMethods: parseList(field(document, "token_endpoint_auth_methods_supported"), () => true) as readonly string[],
    },
  };
}

/** What a document says to clients, or why it isn't used. What the user has said isn't looked at. */
export function judgeFlyteClient(document: Document, said: FlyteClient): Answer<FlyteClient> {
  const client: Record<string, unknown> = {};
  for (const [setting, name, check] of clientFields) {
    if (said[setting] !== undefined) continue;
    try {
      client[setting] = check(field(document, name));
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

/** A field by either spelling; an empty one is none. */
function field(document: Document, name: string): unknown {
  const camelCase = name.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  return [name, camelCase].map((key) => Object.hasOwn(document, key) ? document[key] : undefined)
    .find((value) => !isEmpty(value));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || Array.isArray(value) && value.length === 0;
}

/** An absolute URL, or the path of one on the platform itself. */
function tokenEndpointOf(value: unknown, platform: string): URL | undefined {
  if (typeof value !== "string") return undefined;
  try {
    return checkUrl("", /^\/(?![/\\])/.test(value) ? new URL(platform).origin + value : value);
  } catch {
    return undefined;
  }
}
