/** What an authorization server may publish, and how discovery must end. @module */

import { html, json, redirect } from "../faults/behaviours.ts";
import { planted } from "../faults/planted.ts";
import { always, type Behave, type Case, insecure, invalid, noEndpoint, type Places } from "./published_cases.ts";

type Over = Record<string, unknown> | ((origin: string) => Record<string, unknown>);

export const metadataDocument = ({ url }: Places) => ({
  issuer: url,
  token_endpoint: `${url}/token`,
  note: planted.body,
});
const publishes = (over: Over): Behave => (places) =>
  json({ ...metadataDocument(places), ...typeof over === "function" ? over(places.origin) : over });
/** The first location has one answer, the others another. */
const first = (one: Behave, other: Behave): Behave => (places, request) =>
  (request.path.startsWith("/.well-known/oauth-authorization-server") ? one : other)(places, request);

/** One of every field that is of use. */
const all = {
  token_endpoint_auth_methods_supported: ["client_secret_basic", "private_key_jwt"],
  token_endpoint_auth_signing_alg_values_supported: ["ES256"],
  scopes_supported: ["api:read"],
  grant_types_supported: ["client_credentials"],
  dpop_signing_alg_values_supported: ["ES256"],
  tls_client_certificate_bound_access_tokens: true,
  mtls_endpoint_aliases: { token_endpoint: "https://mtls.example.com/token" },
  jwks_uri: "https://auth.example.com/jwks",
  introspection_endpoint: "https://auth.example.com/introspect",
  revocation_endpoint: "https://auth.example.com/revoke",
};
const badAliases = { token_endpoint: "http://mtls.example.com/token", other: 7, more: "/x" };
const noIssuer = invalid("names no issuer");
const otherIssuer = invalid("names another issuer");

export const discoveryCases: readonly Case[] = [
  ["publishes every field", publishes(all), { metadata: all }],
  ["publishes strings for arrays", publishes({ scopes_supported: "a b", grant_types_supported: "x" }), {}],
  ["publishes arrays of anything", publishes({ scopes_supported: ["a", 7], grant_types_supported: [[]] }), {}],
  ["publishes an array for an object", publishes({ mtls_endpoint_aliases: ["token_endpoint"] }), {}],
  [
    "publishes unusable aliases",
    publishes({ mtls_endpoint_aliases: badAliases }),
    { metadata: { mtls_endpoint_aliases: {} } },
  ],
  ["publishes an http: URL for its keys", publishes({ jwks_uri: "http://keys.example.com/" }), {}],
  ["publishes empty fields", publishes({ jwks_uri: "", scopes_supported: null }), {}],
  ["names no issuer", publishes({ issuer: undefined }), noIssuer],
  ["names an array as its issuer", publishes((origin) => ({ issuer: [origin] })), noIssuer],
  ["names another issuer", publishes({ issuer: "https://evil.example.com" }), otherIssuer],
  ["names a tenant as its issuer", publishes((origin) => ({ issuer: `${origin}/tenant` })), otherIssuer],
  ["calls itself localhost", publishes((it) => ({ issuer: it.replace("127.0.0.1", "localhost") })), otherIssuer],
  ["ends its issuer in two slashes", publishes((origin) => ({ issuer: `${origin}//` })), otherIssuer],
  [
    "writes its issuer in capitals",
    publishes((origin) => ({ issuer: origin.replace("http", "HTTP") })),
    invalid("spells the issuer differently"),
  ],
  ...[undefined, "", "/token", ["https://x.test/token"], "https://a:b@x.test/token", "file:///etc/hosts"].map(
    (token_endpoint): Case => [
      `has the token endpoint ${Deno.inspect(token_endpoint)}`,
      publishes({ token_endpoint }),
      noEndpoint,
    ],
  ),
  [
    "has an http: token endpoint elsewhere",
    publishes({ token_endpoint: `http://evil.example.com/${planted.body}` }),
    insecure,
  ],
  ["knows OpenID Connect only", first(always(html(404, "")), publishes({})), {}],
  ["answers 403 to unknown paths", first(always(html(403, "")), publishes({})), {}],
  ["answers 500 to unknown paths", first(always(html(500, "")), publishes({})), {}],
  ["answers a page to unknown paths", first(always(html(200, "")), publishes({})), {}],
  ["redirects unknown paths", first(({ elsewhere }) => redirect(302, elsewhere), publishes({})), {}],
  ["names another issuer in one place", first(publishes({ issuer: "https://x.test" }), publishes({})), {}],
  [
    "is absent in one place, a page in another",
    first(always(html(404, "")), always(html(200, ""))),
    invalid("is a web page, not metadata. Check the issuer: it may be the address of a console"),
  ],
  ["is a page in one place, down in another", first(always(html(200, "")), always(html(503, ""))), {
    code: "config_store_failed",
    says: "/.well-known/oauth-authorization-server is a web page, not metadata; " +
      "/.well-known/openid-configuration answered 503",
    status: 503,
    retryable: true,
  }],
];
