/** Set-ups with faults of what is requested: grant, scopes, audience, resource, DPoP. @module */
import type { Settings } from "./program.ts";
import type { Row } from "./setups.ts";
import type { Stage } from "./stage.ts";

export function requestSetups(
  { servers: { strict, nonces, opaque, better }, field, apis }: Stage,
  base: Settings,
): Row[] {
  /** At another server, whose tokens are opaque and for no API here. */
  const atBetter = { ...base, tokenEndpoint: better.tokenEndpoint, audience: undefined };
  return [
    [
      "client without scopes at another server",
      { ...atBetter, clientId: "without-scopes" },
      "grant_not_allowed",
      /scope|grant/,
    ],
    [
      "unknown scope at another server",
      { ...atBetter, scopes: ["api:read", "planes:fly"] },
      "invalid_scope",
      /scopes/,
      { seen: /planes:fly/ },
    ],
    [
      "scopes in one text with a comma",
      { ...atBetter, scopes: ["api:read,api:write"] },
      "invalid_scope",
      /comma|each|separate/,
    ],
    [
      "gateway that drops the body",
      { ...base, tokenEndpoint: `${field}/token/drops-body` },
      ["token_request_refused", "parameter_missing", "grant_not_allowed"],
      /body|bodies/,
    ],
    [
      "server that takes no form",
      { ...base, tokenEndpoint: `${field}/token/wants-json` },
      ["token_request_refused"],
      /beforeTokenRequest|JSON|content type/i,
      { seen: /415/ },
    ],
    [
      "unknown resource at another server",
      { ...atBetter, resource: "https://api.example.com" },
      "invalid_target",
      /resource/,
    ],
    ["server wants DPoP", { ...base, clientId: "bound" }, "dpop_required", /dpop/],
    ["server wants a nonce", { ...base, clientId: "bound", tokenEndpoint: nonces.tokenEndpoint }, [
      "dpop_required",
      "dpop_nonce_required",
    ], /dpop/],
    [
      "nonce that never comes",
      { ...base, dpop: true, tokenEndpoint: `${field}/token/nonce` },
      "dpop_nonce_required",
      /DPoP-Nonce/i,
    ],
    [
      "server that says a proof is missing",
      { ...base, tokenEndpoint: `${field}/token/bound` },
      "dpop_required",
      /dpop/,
    ],
    ["policy that denies", { ...base, tokenEndpoint: `${field}/token/denied` }, "token_request_refused", /policy/],
    [
      "scope that the server wants, which has no default ones",
      { ...base, tokenEndpoint: `${field}/token/default-scopes`, scopes: undefined },
      "parameter_missing",
      /^Set scopes/,
    ],
    [
      "scope that isn't Entra's",
      { ...base, tokenEndpoint: `${field}/token/wants-default` },
      "invalid_scope",
      /\/\.default/,
    ],
    ["grant not allowed", { ...base, clientId: "no-grant" }, "grant_not_allowed", /grant|client_credentials/],
    [
      "grant not enabled, said by 401",
      { ...base, tokenEndpoint: `${field}/token/not-enabled` },
      "grant_not_allowed",
      /grant|client_credentials|service account/,
    ],
    ...["unsupported", "not-implemented"].map((
      name,
    ): Row => [
      `grant that is ${name}`,
      { ...base, tokenEndpoint: `${field}/token/${name}` },
      name === "unsupported" ? "grant_not_allowed" : ["grant_not_allowed", "token_endpoint_failed"],
      /grant|client_credentials/,
    ]),
    [
      "scope the client may not have",
      { ...base, clientId: "narrow", scopes: ["api:read", "api:write"] },
      "invalid_scope",
      /scopes/,
      { seen: /api:write/ },
    ],
    [
      "wrong resource",
      {
        ...base,
        tokenEndpoint: strict.tokenEndpoint,
        audience: undefined,
        resource: "https://api.example.org",
      },
      "invalid_target",
      /resource/,
    ],
    [
      "audience that the server wants",
      { ...base, tokenEndpoint: `${field}/token/wants-audience`, audience: undefined },
      "parameter_missing",
      /audience/,
    ],
    ["scope that the server wants", { ...base, tokenEndpoint: `${field}/token/wants-scope`, scopes: undefined }, [
      "parameter_missing",
      "invalid_scope",
    ], /scopes/],
    [
      "opaque token at an API for JWTs",
      { ...base, tokenEndpoint: opaque.tokenEndpoint, endpoint: apis.ofOpaque, audience: apis.ofOpaque },
      "api_rejects_token",
      undefined,
      { seen: /opaque|no JWT|isn't a JWT|not a JWT/i },
    ],
  ];
}
