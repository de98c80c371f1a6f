/** Set-ups with faults of the API, and of how it is called. @module */
import type { Settings } from "./program.ts";
import type { Setup } from "./setups.ts";
import type { Stage } from "./stage.ts";

export function apiSetups({ apis, field, gateway }: Stage, base: Settings): Setup[] {
  const at = (name: string): Settings => ({
    ...base,
    endpoint: `${field}/api/${name}`,
    request: undefined,
    audience: undefined,
    tokenEndpoint: `${field}/token/plain`,
  });
  const setups: Setup[] = [
    {
      name: "API wants another header",
      settings: { ...base, endpoint: apis.flyte, audience: apis.flyte },
      code: "api_wants_header",
      change: /headerKey/,
    },
    {
      name: "API names another header",
      settings: at("wants-header"),
      code: "api_wants_header",
      change: /headerKey.*x-access-token/,
    },
    {
      name: "proxy in front wants the token in its own header",
      settings: at("behind-proxy"),
      code: "api_wants_header",
      change: /headerKey.*proxy-authorization/i,
    },
    { name: "API wants DPoP", settings: at("wants-dpop"), code: "dpop_required", change: /dpop/ },
    {
      name: "API that verifies proofs for another URL",
      settings: { ...base, dpop: true, endpoint: apis.dpopElsewhere, audience: apis.dpopElsewhere },
      code: "dpop_rejected",
      change: /endpoint|URL|htu/,
    },
    { name: "insufficient_scope", settings: at("wants-scope"), code: "api_wants_scope", change: /planes:fly/ },
    {
      name: "insufficient_scope of a real API",
      settings: { ...base, endpoint: apis.admin, audience: apis.admin },
      code: "api_wants_scope",
      change: /api:admin/,
    },
    {
      name: "API forbids",
      settings: at("forbids"),
      code: "api_forbids",
      change: /permission|role|scope|right|access/i,
    },
    { name: "HTML sign-in page at the API", settings: at("sign-in"), code: "api_is_html", change: /endpoint/ },
    {
      name: "API redirects to a sign-in page elsewhere",
      settings: at("to-sign-in"),
      code: ["api_redirects", "api_is_html"],
      change: /endpoint|allowedOrigins/,
    },
    { name: "API redirects to https", settings: at("to-https"), code: "api_redirects", change: /https:\/\/127/ },
    {
      name: "API without such a path",
      settings: at("missing"),
      code: "api_not_found",
      change: /endpoint|request|path/,
    },
    { name: "API that fails", settings: at("fails"), code: "api_failed", seen: /500/ },
    { name: "limited API", settings: at("limited"), code: ["rate_limited"], change: /37/ },
    { name: "API that needs no token", settings: at("open"), code: "api_needs_no_token", isRemark: true },
    { name: "lag", settings: at("lagging"), code: "replication_lag", isRemark: true },
    {
      name: "clock ahead for the API's nbf",
      settings: at("behind"),
      code: ["clock_ahead", "api_rejects_token"],
      seen: /clock|10 min|600/,
    },
  ];
  if (gateway === undefined) return setups;
  const based = { ...base, audience: gateway.plain };
  return [
    ...setups,
    {
      name: "endpoint's base path lost: a slash at the input's start",
      settings: { ...based, endpoint: `${gateway.plain}/v1/`, request: "/projects" },
      code: "endpoint_path_lost",
      change: /projects|slash/,
    },
    {
      name: "endpoint's base path lost: none at its end",
      settings: { ...based, endpoint: `${gateway.plain}/v1`, request: "projects" },
      code: "endpoint_path_lost",
      change: new RegExp(`${gateway.plain}/v1/`),
    },
    {
      name: "gateway before the API that wants a login of its own",
      settings: { ...based, endpoint: `${gateway.plain}/staging/`, request: "projects" },
      code: ["api_rejects_token", "api_wants_header"],
      seen: /Basic/,
    },
    {
      name: "dead API behind a gateway",
      settings: { ...based, endpoint: `${gateway.plain}/down/`, request: "projects" },
      code: "api_failed",
      seen: /502/,
    },
    {
      name: "API redirects from http to https",
      settings: { ...based, endpoint: `${gateway.plain}/moved/`, request: "projects" },
      code: ["api_redirects", "tls_untrusted"],
      change: new RegExp(gateway.good),
    },
  ];
}
