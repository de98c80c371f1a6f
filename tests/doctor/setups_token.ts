/** Set-ups with faults of the token and of its answer. @module */
import type { Settings } from "./program.ts";
import type { Row } from "./setups.ts";
import type { Stage } from "./stage.ts";

export function tokenSetups(
  { servers: { brief }, field, apis, gateway }: Stage,
  base: Settings,
  runtime: string,
): Row[] {
  const at = (name: string): Settings => ({
    ...base,
    endpoint: `${field}/api/any`,
    request: undefined,
    audience: undefined,
    tokenEndpoint: `${field}/token/${name}`,
  });
  const setups: Row[] = [
    ["missing scope granted narrower", { ...base, scopes: ["api:read", "planes:fly"] }, "scope_narrowed", /scopes/, {
      seen: /planes:fly/,
      isRemark: true,
    }],
    [
      "missing scope granted narrower, which the API wants",
      { ...base, endpoint: apis.admin, audience: apis.admin, scopes: ["api:read", "api:admin"] },
      ["scope_narrowed", "api_wants_scope"],
      /api:admin/,
    ],
    [
      "scope the server doesn't know alone",
      { ...base, scopes: ["planes:fly"] },
      ["scope_narrowed", "api_wants_scope"],
      /scopes/,
    ],
    ["scope narrowed in the answer", { ...at("narrows"), scopes: ["a", "b"] }, "scope_narrowed", undefined, {
      isRemark: true,
      seen: /\bb\b/,
    }],
    ["wrong audience", { ...base, audience: "https://other.example.org" }, "audience_mismatch", /audience/, {
      seen: /other\.example\.org/,
    }],
    [
      "audience with a slash too many",
      { ...base, audience: `${apis.plain}/` },
      "audience_mismatch",
      new RegExp(`${apis.plain} perhaps`),
    ],
    ["no audience", { ...base, audience: undefined }, "audience_mismatch", /audience/],
    ["API of another issuer", { ...base, endpoint: apis.ofAnotherIssuer, audience: apis.ofAnotherIssuer }, [
      "api_rejects_token",
      "issuer_unexpected",
    ], /issuer|audience|scope/],
    ["issuer other than the token's", { ...base, issuer: "https://auth.example.com" }, "issuer_unexpected", undefined, {
      isRemark: true,
      seen: /auth\.example\.com/,
    }],
    [
      "lifetime of seconds",
      { ...base, tokenEndpoint: brief.tokenEndpoint, endpoint: apis.brief, audience: apis.brief },
      "lifetime_short",
      undefined,
      { isRemark: true, seen: /20 s|20 seconds/ },
    ],
    ["expires_in that differs from exp", at("mismatch"), "lifetime_mismatch", undefined, {
      isRemark: true,
      seen: /86|24 h|1 d/,
    }],
    ["token_type that is odd", at("type"), "token_type_unsupported", /tokenType/, { seen: /BearerToken/ }],
    ["200 with nothing", at("empty"), "response_invalid", undefined, { seen: /empty|nothing/i }],
    ["200 without a token", at("without-token"), "response_invalid", undefined, { seen: /access_token/ }],
    ["same token twice", at("same"), "same_token", undefined, { isRemark: true }],
    ["previous token revoked by the next", { ...at("revokes"), scopes: [runtime] }, "previous_revoked", undefined, {
      isRemark: true,
    }],
  ];
  if (gateway === undefined) return setups;
  return [
    ...setups,
    [
      "token too long for the gateway",
      { ...at("long"), endpoint: `${gateway.plain}/v1/`, request: "projects" },
      ["token_too_long", "api_header_too_large"],
      /scope|claim|gateway|header/i,
      { seen: /9,?\d\d\d|9 ?k|8\.\d/i },
    ],
    ["token too long, healthy server", { ...at("long") }, "token_too_long", undefined, { isRemark: true }],
  ];
}
