/** Set-ups with faults of discovery and of the token endpoint's place. @module */
import type { Settings } from "./program.ts";
import type { Row } from "./setups.ts";
import type { Stage } from "./stage.ts";

export function serverSetups(
  { servers: { main, limited }, gateway, field, authority, keys, silent }: Stage,
  base: Settings,
): Row[] {
  const at = (tokenEndpoint: string): Settings => ({ ...base, tokenEndpoint });
  const { issuer } = main;
  const local: Row[] = [
    ["mistyped path", at(`${issuer}/tokens`), "token_endpoint_not_found", /tokenEndpoint/, { seen: /404/ }],
    [
      "another endpoint of the server",
      at(main.introspectionEndpoint),
      "token_endpoint_not_found",
      new RegExp(`${issuer}/token"`),
    ],
    ["issuer in place of the token endpoint", at(issuer), "token_endpoint_not_found", /\/token\b/],
    [
      "issuer with a slash too many",
      { ...base, discover: `${issuer}//` },
      ["issuer_mismatch", "metadata_not_found"],
      new RegExp(`${issuer}(?!/)`),
    ],
    [
      "issuer with a slash too many in an assertion",
      {
        ...base,
        issuer: `${issuer}/`,
        clientId: "by-key",
        auth: { method: "private_key_jwt", key: keys.mine.pem, kid: "kid-of-ES256" },
      },
      ["assertion_rejected", "issuer_mismatch"],
      /issuer|audience/,
    ],
    [
      "issuer by another name of the host",
      { ...base, discover: issuer.replace("127.0.0.1", "localhost") },
      "issuer_mismatch",
      new RegExp(issuer),
    ],
    ["discovery that hangs", { ...base, discover: silent, stepTimeout: 800 }, "connection_timeout", /issuer/],
    [
      "healthy: no API but the server",
      { ...base, endpoint: at(issuer).tokenEndpoint!, request: undefined, audience: undefined },
      "api_not_found",
      /request/,
      { isRemark: true },
    ],
    ["discovery that isn't there", { ...base, discover: field }, "metadata_not_found", /issuer|tokenEndpoint/, {
      seen: /404/,
    }],
    ["issuer with a path that isn't its own", { ...base, discover: `${issuer}/realms/x` }, [
      "metadata_not_found",
      "issuer_mismatch",
    ], new RegExp(`${issuer}(?!/realms)`)],
    ["token endpoint in place of the issuer", { ...base, discover: main.tokenEndpoint }, [
      "metadata_not_found",
      "issuer_mismatch",
    ], new RegExp(`${issuer}(?!/token)`)],
    ["metadata without a token endpoint", { ...base, discover: `${field}/incomplete` }, "metadata_invalid", undefined, {
      seen: /token_endpoint/,
    }],
    [
      "metadata that names an internal host",
      { ...base, discover: `${field}/internal` },
      "name_not_resolved",
      undefined,
      { seen: /auth\.nowhere\.invalid/ },
    ],
    ["GET-only place", at(`${field}/token/plain/`), ["token_endpoint_not_found"], /tokenEndpoint/],
    ["token endpoint that fails", at(`${field}/token/fails`), "token_endpoint_failed", undefined, { seen: /500/ }],
    ["maintenance", at(`${field}/token/maintenance`), "token_endpoint_failed", /120|2 min/, { seen: /503/ }],
    ["limited token endpoint", at(`${field}/token/limited`), "rate_limited", /37/],
    ["limit that a header of its own tells", { ...base, tokenEndpoint: limited.tokenEndpoint }, "rate_limited"],
    ["sign-in page at the token endpoint", at(`${field}/token/page`), "token_endpoint_is_html", /tokenEndpoint/],
  ];
  if (gateway === undefined) return local;
  return [
    ...local,
    ["HTML discovery", { ...base, discover: `${gateway.plain}/page` }, "metadata_is_html", /issuer/],
    ["issuer that redirects to https", { ...base, discover: `${gateway.plain}/moved` }, [
      "metadata_not_found",
      "metadata_invalid",
      "issuer_mismatch",
    ], new RegExp(gateway.good)],
    [
      "issuer by TLS that names itself by http",
      { ...base, discover: gateway.good, verify: authority },
      "issuer_mismatch",
      new RegExp(issuer),
    ],
    [
      "redirecting endpoint",
      at(`${gateway.plain}/moved-here/token`),
      "token_endpoint_redirects",
      new RegExp(`${issuer}/token`),
    ],
    [
      "endpoint that redirects from http to https",
      { ...at(`${gateway.plain}/moved/token`), verify: authority },
      "token_endpoint_redirects",
      new RegExp(`${gateway.good}/moved/token`),
    ],
    [
      "path that a gateway doesn't know",
      at(`${gateway.plain}/oauth/token`),
      "token_endpoint_not_found",
      /tokenEndpoint/,
    ],
    [
      "static file in place of the token endpoint",
      at(`${gateway.plain}/static/token`),
      "token_endpoint_not_found",
      undefined,
      { seen: /405/ },
    ],
    ["dead server behind a gateway", at(`${gateway.plain}/down/token`), "token_endpoint_failed", undefined, {
      seen: /502/,
    }],
    ["busy gateway", at(`${gateway.plain}/busy/token`), "rate_limited", /41/],
    [
      "page of a gateway in place of the token endpoint",
      at(`${gateway.plain}/page/token`),
      "token_endpoint_is_html",
      /tokenEndpoint/,
    ],
    [
      "gateway that forbids all",
      at(`${gateway.plain}/forbidden/token`),
      ["token_request_refused", "token_endpoint_is_html", "unexplained"],
      undefined,
      { seen: /403/ },
    ],
    [
      "server behind a gateway, which verifies proofs for its own URL",
      { ...at(`${gateway.plain}/behind/token`), dpop: true },
      "dpop_rejected",
      /tokenEndpoint|URL|htu/,
    ],
  ];
}
