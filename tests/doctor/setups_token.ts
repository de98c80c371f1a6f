/** Set-ups with faults of the token and of its answer. @module */
import type { Settings } from "./program.ts";
import type { Setup } from "./setups.ts";
import type { Stage } from "./stage.ts";

export function tokenSetups(
  { servers: { main, brief }, field, apis, gateway }: Stage,
  base: Settings,
  runtime: string,
): Setup[] {
  const at = (name: string): Settings => ({
    ...base,
    endpoint: `${field}/api/any`,
    request: undefined,
    audience: undefined,
    tokenEndpoint: `${field}/token/${name}`,
  });
  const setups: Setup[] = [
    {
      name: "missing scope granted narrower",
      settings: { ...base, scopes: ["api:read", "planes:fly"] },
      code: "scope_narrowed",
      seen: /planes:fly/,
      change: /scopes/,
      isRemark: true,
    },
    {
      name: "missing scope granted narrower, which the API wants",
      settings: { ...base, endpoint: apis.admin, audience: apis.admin, scopes: ["api:read", "api:admin"] },
      code: ["scope_narrowed", "api_wants_scope"],
      change: /api:admin/,
    },
    {
      name: "scope the server doesn't know alone",
      settings: { ...base, scopes: ["planes:fly"] },
      code: ["scope_narrowed", "api_wants_scope"],
      change: /scopes/,
    },
    {
      name: "scope narrowed in the answer",
      settings: { ...at("narrows"), scopes: ["a", "b"] },
      code: "scope_narrowed",
      isRemark: true,
      seen: /\bb\b/,
    },
    {
      name: "wrong audience",
      settings: { ...base, audience: "https://other.example.org" },
      code: "audience_mismatch",
      change: /audience/,
      seen: /other\.example\.org/,
    },
    { name: "no audience", settings: { ...base, audience: undefined }, code: "audience_mismatch", change: /audience/ },
    {
      name: "API of another issuer",
      settings: { ...base, endpoint: apis.ofAnotherIssuer, audience: apis.ofAnotherIssuer },
      code: ["api_rejects_token", "issuer_unexpected"],
      change: /issuer|audience|scope/,
    },
    {
      name: "issuer other than the token's",
      settings: { ...base, issuer: "https://auth.example.com" },
      code: "issuer_unexpected",
      isRemark: true,
      seen: /auth\.example\.com/,
    },
    {
      name: "lifetime of seconds",
      settings: { ...base, tokenEndpoint: brief.tokenEndpoint, endpoint: apis.brief, audience: apis.brief },
      code: "lifetime_short",
      isRemark: true,
      seen: /20 s|20 seconds/,
    },
    {
      name: "expires_in that differs from exp",
      settings: at("mismatch"),
      code: "lifetime_mismatch",
      isRemark: true,
      seen: /86|24 h|1 d/,
    },
    {
      name: "token_type that is odd",
      settings: at("type"),
      code: "token_type_unsupported",
      change: /tokenType/,
      seen: /BearerToken/,
    },
    { name: "200 with nothing", settings: at("empty"), code: "response_invalid", seen: /empty|nothing/i },
    { name: "200 without a token", settings: at("without-token"), code: "response_invalid", seen: /access_token/ },
    { name: "same token twice", settings: at("same"), code: "same_token", isRemark: true },
    {
      name: "previous token revoked by the next",
      settings: { ...at("revokes"), scopes: [runtime] },
      code: "previous_revoked",
      isRemark: true,
    },
  ];
  if (gateway === undefined) return setups;
  return [...setups, {
    name: "token too long for the gateway",
    settings: { ...at("long"), endpoint: `${gateway.plain}/v1/`, request: "projects" },
    code: ["token_too_long", "api_header_too_large"],
    seen: /9,?\d\d\d|9 ?k|8\.\d/i,
    change: /scope|claim|gateway|header/i,
  }, {
    name: "token too long, healthy server",
    settings: { ...at("long") },
    code: "token_too_long",
    isRemark: true,
  }, {
    name: "healthy server behind a gateway by TLS",
    settings: {
      ...base,
      tokenEndpoint: `${gateway.good}/token`,
      endpoint: `${gateway.plain}/v1/`,
      request: "projects",
      audience: gateway.plain,
      issuer: main.issuer,
    },
    code: "tls_untrusted",
    change: /verify/,
  }];
}
