/** What an authorization server may publish, and how discovery must end. @module */

import { html, json, redirect } from "../faults/behaviours.ts";
import { planted } from "../faults/planted.ts";
import { alike, type Behave, type By, type Case, fails, type Fields, resolve } from "./published_cases.ts";

const publishes = (over: By<Fields>): Behave => (places) => json({ ...places.document, ...resolve(over, places) });
const good = publishes({});
const hasEndpoint = (token_endpoint: unknown) => publishes({ token_endpoint });
/** The first location has one answer, the others another. */
const first = (one: Behave, other: Behave = good): Behave => (places, request) => {
  const behave = request.path.startsWith("/.well-known/oauth-authorization-server") ? one : other;
  return behave instanceof Function ? behave(places, request) : behave;
};

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
const withoutAliases = { mtls_endpoint_aliases: {} };
const badAliases = { token_endpoint: "http://mtls.example.com/token", other: 7, more: "/x" };
const login = "https://a:b@x.test/token";
const badEndpoints = [undefined, "", "/token", ["https://x.test/token"], login, "file:///etc/hosts"];
const paths = "/.well-known/oauth-authorization-server is a web page, not metadata; " +
  "/.well-known/openid-configuration answered 503";

const spelling = fails.invalid("spells the issuer differently");
const elsewhere = `http://evil.test/${planted.body}`;
const isPage = fails.invalid("is a web page, not metadata. Check the issuer: it may be the address of a console");
const isDown: Case[2] = { code: "config_store_failed", says: paths, status: 503, retryable: true };

export const discoveryCases: readonly Case[] = [
  ["publishes every field", publishes(all), { metadata: all }],
  ["publishes unusable aliases", publishes({ mtls_endpoint_aliases: badAliases }), { metadata: withoutAliases }],
  ...alike({}, {
    "publishes strings for arrays": publishes({ scopes_supported: "a b", grant_types_supported: "x" }),
    "publishes arrays of anything": publishes({ scopes_supported: ["a", 7], grant_types_supported: [[]] }),
    "publishes an array for an object": publishes({ mtls_endpoint_aliases: ["token_endpoint"] }),
    "publishes an http: URL for its keys": publishes({ jwks_uri: "http://keys.example.com/" }),
    "publishes empty fields": publishes({ jwks_uri: "", scopes_supported: null }),
    "knows OpenID Connect only": first(html(404, "")),
    "answers 403 to unknown paths": first(html(403, "")),
    "answers 500 to unknown paths": first(html(500, "")),
    "answers a page to unknown paths": first(html(200, "")),
    "redirects unknown paths": first(({ elsewhere }) => redirect(302, elsewhere)),
    "names another issuer in one place": first(publishes({ issuer: "https://x.test" })),
  }),
  ...alike(fails.invalid("names no issuer"), {
    "names no issuer": publishes({ issuer: undefined }),
    "names an array as its issuer": publishes(({ origin }) => ({ issuer: [origin] })),
  }),
  ...alike(fails.invalid("names another issuer"), {
    "names another issuer": publishes({ issuer: "https://evil.example.com" }),
    "names a tenant as its issuer": publishes(({ origin }) => ({ issuer: `${origin}/tenant` })),
    "calls itself localhost": publishes(({ origin }) => ({ issuer: origin.replace("127.0.0.1", "localhost") })),
    "ends its issuer in two slashes": publishes(({ origin }) => ({ issuer: `${origin}//` })),
  }),
  ["writes its issuer in capitals", publishes(({ origin }) => ({ issuer: origin.replace("http", "HTTP") })), spelling],
  ...badEndpoints.map((url): Case => [`has the token endpoint ${url}`, hasEndpoint(url), fails.noEndpoint]),
  ["has an http: token endpoint elsewhere", hasEndpoint(elsewhere), fails.insecure],
  ["is absent in one place, a page in another", first(html(404, ""), html(200, "")), isPage],
  ["is a page in one place, down in another", first(html(200, ""), html(503, "")), isDown],
];
