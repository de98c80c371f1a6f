/** Set-ups with faults of discovery and of the token endpoint's place. @module */
import type { Settings } from "./program.ts";
import type { Setup } from "./setups.ts";
import type { Stage } from "./stage.ts";

export function serverSetups(
  { servers: { main, limited }, gateway, field, authority, keys }: Stage,
  base: Settings,
): Setup[] {
  const at = (tokenEndpoint: string): Settings => ({ ...base, tokenEndpoint });
  const { issuer } = main;
  const local: Setup[] = [
    {
      name: "mistyped path",
      settings: at(`${issuer}/tokens`),
      code: "token_endpoint_not_found",
      change: /tokenEndpoint/,
      seen: /404/,
    },
    {
      name: "issuer in place of the token endpoint",
      settings: at(issuer),
      code: "token_endpoint_not_found",
      change: /\/token\b/,
    },
    {
      name: "issuer with a slash too many",
      settings: { ...base, discover: `${issuer}//` },
      code: ["issuer_mismatch", "metadata_not_found"],
      change: new RegExp(`${issuer}(?!/)`),
    },
    {
      name: "issuer with a slash too many in an assertion",
      settings: {
        ...base,
        issuer: `${issuer}/`,
        clientId: "by-key",
        auth: { method: "private_key_jwt", key: keys.mine.pem, kid: "kid-of-ES256" },
      },
      code: ["assertion_rejected", "issuer_mismatch"],
      change: /issuer|audience/,
    },
    {
      name: "issuer by another name of the host",
      settings: { ...base, discover: issuer.replace("127.0.0.1", "localhost") },
      code: "issuer_mismatch",
      change: new RegExp(issuer),
    },
    {
      name: "discovery that isn't there",
      settings: { ...base, discover: field },
      code: "metadata_not_found",
      change: /issuer|tokenEndpoint/,
      seen: /404/,
    },
    {
      name: "issuer with a path that isn't its own",
      settings: { ...base, discover: `${issuer}/realms/x` },
      code: ["metadata_not_found", "issuer_mismatch"],
      change: new RegExp(`${issuer}(?!/realms)`),
    },
    {
      name: "GET-only place",
      settings: at(`${field}/token/plain/`),
      code: ["token_endpoint_not_found"],
      change: /tokenEndpoint/,
    },
    {
      name: "token endpoint that fails",
      settings: at(`${field}/token/fails`),
      code: "token_endpoint_failed",
      seen: /500/,
    },
    {
      name: "maintenance",
      settings: at(`${field}/token/maintenance`),
      code: "token_endpoint_failed",
      seen: /503/,
      change: /120|2 min/,
    },
    { name: "limited token endpoint", settings: at(`${field}/token/limited`), code: "rate_limited", change: /37/ },
    {
      name: "limit that a header of its own tells",
      settings: { ...base, tokenEndpoint: limited.tokenEndpoint },
      code: "rate_limited",
    },
    {
      name: "sign-in page at the token endpoint",
      settings: at(`${field}/token/page`),
      code: "token_endpoint_is_html",
      change: /tokenEndpoint/,
    },
  ];
  if (gateway === undefined) return local;
  return [
    ...local,
    {
      name: "HTML discovery",
      settings: { ...base, discover: `${gateway.plain}/page` },
      code: "metadata_is_html",
      change: /issuer/,
    },
    {
      name: "redirecting endpoint",
      settings: at(`${gateway.plain}/moved-here/token`),
      code: "token_endpoint_redirects",
      change: new RegExp(`${issuer}/token`),
    },
    {
      name: "endpoint that redirects from http to https",
      settings: { ...at(`${gateway.plain}/moved/token`), verify: authority },
      code: "token_endpoint_redirects",
      change: new RegExp(`${gateway.good}/moved/token`),
    },
    {
      name: "path that a gateway doesn't know",
      settings: at(`${gateway.plain}/oauth/token`),
      code: "token_endpoint_not_found",
      change: /tokenEndpoint/,
    },
    {
      name: "static file in place of the token endpoint",
      settings: at(`${gateway.plain}/static/token`),
      code: "token_endpoint_not_found",
      seen: /405/,
    },
    {
      name: "dead server behind a gateway",
      settings: at(`${gateway.plain}/down/token`),
      code: "token_endpoint_failed",
      seen: /502/,
    },
    { name: "busy gateway", settings: at(`${gateway.plain}/busy/token`), code: "rate_limited", change: /41/ },
    {
      name: "page of a gateway in place of the token endpoint",
      settings: at(`${gateway.plain}/page/token`),
      code: "token_endpoint_is_html",
      change: /tokenEndpoint/,
    },
    {
      name: "gateway that forbids all",
      settings: at(`${gateway.plain}/forbidden/token`),
      code: ["token_request_refused", "token_endpoint_is_html", "unexplained"],
      seen: /403/,
    },
    {
      name: "server behind a gateway, which verifies proofs for its own URL",
      settings: { ...at(`${gateway.plain}/behind/token`), dpop: true },
      code: "dpop_rejected",
      change: /tokenEndpoint|URL|htu/,
    },
  ];
}
