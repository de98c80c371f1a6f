/** Set-ups with faults of the API, and of how it is called. @module */
import type { Settings } from "./program.ts";
import type { Row } from "./setups.ts";
import type { Stage } from "./stage.ts";

export function apiSetups({ apis, authority, field, gateway, silent }: Stage, base: Settings): Row[] {
  const at = (name: string): Settings => ({
    ...base,
    endpoint: `${field}/api/${name}`,
    request: undefined,
    audience: undefined,
    tokenEndpoint: `${field}/token/plain`,
  });
  const setups: Row[] = [
    [
      "API wants another header",
      { ...base, endpoint: apis.flyte, audience: apis.flyte },
      "api_wants_header",
      /headerKey/,
    ],
    ["API names another header", at("wants-header"), "api_wants_header", /headerKey.*x-access-token/],
    [
      "proxy in front wants the token in its own header",
      at("behind-proxy"),
      "api_wants_header",
      /headerKey.*proxy-authorization/i,
    ],
    ["API wants DPoP", at("wants-dpop"), "dpop_required", /dpop/],
    [
      "API that verifies proofs for another URL",
      { ...base, dpop: true, endpoint: apis.dpopElsewhere, audience: apis.dpopElsewhere },
      "dpop_rejected",
      /endpoint|URL|htu/,
    ],
    ["insufficient_scope", at("wants-scope"), "api_wants_scope", /planes:fly/],
    [
      "insufficient_scope of a real API",
      { ...base, endpoint: apis.admin, audience: apis.admin },
      "api_wants_scope",
      /api:admin/,
    ],
    ["API that echoes the token", at("echoes"), "api_rejects_token"],
    ["API forbids", at("forbids"), "api_forbids", /permission|role|scope|right|access/i],
    ["HTML sign-in page at the API", at("sign-in"), "api_is_html", /endpoint/],
    [
      "API redirects to a sign-in page elsewhere",
      at("to-sign-in"),
      ["api_redirects", "api_is_html"],
      /endpoint|allowedOrigins/,
    ],
    ["API redirects to https", at("to-https"), "api_redirects", /https:\/\/127/],
    ["API without such a path", { ...at(""), request: "missing" }, "api_not_found", /endpoint|request|path/],
    ["API that fails", at("fails"), "api_failed", undefined, { seen: /500/ }],
    ["path that Amazon's gateway doesn't have", { ...at("no-route"), request: "no-route" }, "api_not_found", /request/],
    ["API for another audience, said by 403", at("other-audience"), "audience_mismatch", /audience/],
    ["API for another audience, in a challenge without commas", at("no-commas"), "audience_mismatch", /audience/],
    ["API that names its resource", at("mcp"), "audience_mismatch", new RegExp(`resource: "${field}/api/mcp"`)],
    ["gateway that wants a key", at("wants-key"), "api_rejects_token", /credentials of its own/, {
      seen: /No API key/,
    }],
    ["insufficient_scope in the body", at("body-scope"), "api_wants_scope", /planes:fly/],
    ["redirects without end", at("turns"), "api_redirects", /endpoint/],
    ["healthy: an endless answer", { ...at("endless"), stepTimeout: 3_000 }, undefined],
    [
      "API's name that doesn't resolve",
      { ...base, endpoint: "https://api.nowhere.invalid" },
      "name_not_resolved",
      /endpoint/,
    ],
    [
      "API that hangs",
      { ...base, endpoint: silent, stepTimeout: 800 },
      ["connection_timeout", "api_failed"],
      /endpoint|API/,
    ],
    ["limited API", at("limited"), ["rate_limited"], /37/],
    ["API that needs no token", at("open"), "api_needs_no_token", undefined, { isRemark: true }],
    ["lag", at("lagging"), "replication_lag", undefined, { isRemark: true }],
    [
      "clock ahead for the API's nbf",
      { ...at("behind"), tokenEndpoint: `${field}/token/jwt` },
      ["clock_ahead", "api_rejects_token"],
      /clock/,
      { seen: /\b(10|9) min|\b(599|60[01])\b/ },
    ],
    [
      "clock of the API that is ahead of the server's",
      { ...at("ahead"), tokenEndpoint: `${field}/token/jwt` },
      ["clock_behind", "api_rejects_token"],
      /clock/,
    ],
    ["API without a page at its root", at("rootless"), "api_not_found", /request/, { isRemark: true }],
    ["API that takes POST alone", at("post-only"), undefined, undefined, { isRemark: true }],
    ["healthy: an opaque token of a server without metadata", at("any"), undefined],
  ];
  if (gateway === undefined) return setups;
  const based = { ...base, audience: gateway.plain };
  return [
    ...setups,
    [
      "endpoint's base path lost: a slash at the input's start",
      { ...based, endpoint: `${gateway.plain}/v1/`, request: "/projects" },
      "endpoint_path_lost",
      /projects|slash/,
    ],
    [
      "endpoint's base path lost: none at its end",
      { ...based, endpoint: `${gateway.plain}/v1`, request: "projects" },
      "endpoint_path_lost",
      new RegExp(`${gateway.plain}/v1/`),
    ],
    [
      "gateway before the API that wants a login of its own",
      { ...based, endpoint: `${gateway.plain}/staging/`, request: "projects" },
      ["api_rejects_token", "api_wants_header"],
      undefined,
      { seen: /Basic/ },
    ],
    ["API by http on a TLS port", { ...based, endpoint: gateway.good.replace("https:", "http:") }, [
      "not_tls",
      "http_api",
      "api_failed",
    ], /https:/],
    [
      "expired certificate at the API",
      { ...based, endpoint: gateway.expired, verify: authority },
      "tls_expired",
      /certificate/,
    ],
    [
      "dead API behind a gateway",
      { ...based, endpoint: `${gateway.plain}/down/`, request: "projects" },
      "api_failed",
      undefined,
      { seen: /502/ },
    ],
    ["API redirects from http to https", { ...based, endpoint: `${gateway.plain}/moved/`, request: "projects" }, [
      "api_redirects",
      "tls_untrusted",
    ], new RegExp(gateway.good)],
  ];
}
