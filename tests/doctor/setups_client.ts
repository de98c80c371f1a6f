/** Set-ups with faults of client authentication. @module */
import { exportPKCS8, generateKeyPair } from "jose";
import type { Settings } from "./program.ts";
import type { Setup } from "./setups.ts";
import { secret, specialSecret, type Stage, wrongSecret } from "./stage.ts";

const { privateKey: rsaKey } = await generateKeyPair("RS256", { extractable: true });
const rsaPem = await exportPKCS8(rsaKey);

export function clientSetups(
  { servers: { main, strict, nonces, opaque, better }, field, special, keys, apis }: Stage,
  base: Settings,
): Setup[] {
  const byKey: Settings = {
    ...base,
    clientId: "by-key",
    issuer: main.issuer,
    auth: { method: "private_key_jwt", key: keys.mine.pem, kid: "kid-of-ES256" },
  };
  const withKey = (auth: Partial<NonNullable<Settings["auth"]>>): Settings => ({
    ...byKey,
    auth: { ...byKey.auth!, ...auth },
  });
  const wrongAt = (name: string): Settings => ({
    ...base,
    tokenEndpoint: `${field}/token/${name}`,
    clientSecret: wrongSecret,
  });
  /** At another server, whose tokens are opaque and for no API here. */
  const atBetter = { ...base, tokenEndpoint: better.tokenEndpoint, audience: undefined };
  const minutes = 60_000;
  return [
    {
      name: "no secret at all",
      settings: { ...base, clientSecret: undefined },
      code: "invalid_option",
      change: /clientSecret/,
    },
    {
      name: "endpoint without a scheme",
      settings: { ...base, endpoint: "api.example.com" },
      code: "invalid_option",
      change: /endpoint/,
    },
    {
      name: "secret that can't be read",
      settings: { ...base, hasNoSecret: true },
      code: "secret_unreadable",
      change: /clientSecret/,
    },
    {
      name: "wrong secret",
      settings: { ...base, clientSecret: wrongSecret },
      code: "wrong_secret",
      change: /clientSecret|clientId/,
    },
    {
      name: "wrong secret with special characters",
      settings: { ...base, clientSecret: `${wrongSecret}+/=` },
      code: "wrong_secret",
      change: /clientSecret|clientId/,
    },
    { name: "unknown client", settings: { ...base, clientId: "my-clinet" }, code: "wrong_secret", change: /clientId/ },
    ...["by-200", "by-text", "by-nothing", "by-grant", "by-access"].map((name) => ({
      name: `wrong secret, said ${name.replace("-", " ")}`,
      settings: wrongAt(name),
      code: "wrong_secret" as const,
      change: /clientSecret/,
    })),
    {
      name: "wrong secret at another server",
      settings: { ...atBetter, clientSecret: wrongSecret },
      code: "wrong_secret",
      change: /clientSecret/,
    },
    {
      name: "post-only",
      settings: { ...atBetter, clientId: "by-post" },
      code: "auth_method_unsupported",
      change: /clientSecretPost/,
    },
    {
      name: "Basic-only",
      settings: { ...atBetter, auth: { method: "client_secret_post", secret } },
      code: "auth_method_unsupported",
      change: /clientSecret\b|clientSecretBasic|Basic/,
    },
    {
      name: "client without scopes at another server",
      settings: { ...atBetter, clientId: "without-scopes" },
      code: "grant_not_allowed",
      change: /scope|grant/,
    },
    {
      name: "unknown scope at another server",
      settings: { ...atBetter, scopes: ["api:read", "planes:fly"] },
      code: "invalid_scope",
      seen: /planes:fly/,
      change: /scopes/,
    },
    {
      name: "unknown resource at another server",
      settings: { ...atBetter, resource: "https://api.example.com" },
      code: "invalid_target",
      change: /resource/,
    },
    {
      name: "skewed clock: ahead, an assertion at another server",
      settings: { ...byKey, tokenEndpoint: better.tokenEndpoint, issuer: better.issuer, clockAhead: 10 * minutes },
      code: "clock_ahead",
      change: /clock|time/,
    },
    {
      name: "newline in secret",
      settings: { ...base, clientSecret: `${secret}\n` },
      code: "secret_has_blank",
      change: /clientSecret/,
    },
    {
      name: "newline in a secret that is posted",
      settings: { ...base, clientId: "by-post", auth: { method: "client_secret_post", secret: `${secret}\r\n` } },
      code: ["secret_has_blank", "wrong_secret"],
      change: /blank|line|newline|trim/i,
    },
    {
      name: "blank at the id's end",
      settings: { ...base, clientId: "my-client " },
      code: "id_has_blank",
      change: /clientId/,
    },
    {
      name: "raw-only Basic",
      settings: {
        ...base,
        endpoint: `${special}/api/any`,
        tokenEndpoint: `${special}/token/raw`,
        clientSecret: specialSecret,
      },
      code: "basic_encoding",
      change: /basicEncoding.*raw/,
    },
    {
      name: "form-only Basic",
      settings: {
        ...base,
        endpoint: `${special}/api/any`,
        tokenEndpoint: `${special}/token/plain`,
        clientSecret: specialSecret,
        basicEncoding: "raw",
      },
      code: "basic_encoding",
      change: /basicEncoding/,
    },
    {
      name: "secret where an assertion is wanted",
      settings: { ...base, clientId: "by-jwt" },
      code: ["auth_method_unsupported", "wrong_secret"],
      change: /clientSecretJwt|client_secret_jwt|another method/,
    },
    {
      name: "secret where a key is wanted",
      settings: { ...base, clientId: "by-key" },
      code: ["auth_method_unsupported", "wrong_secret"],
      change: /clientSecret|privateKeyJwt|clientAuth/,
    },
    {
      name: "key of another client",
      settings: withKey({ key: keys.other.pem }),
      code: ["assertion_rejected", "wrong_secret"],
      change: /key/,
    },
    {
      name: "wrong kid",
      settings: withKey({ kid: "another" }),
      code: ["assertion_rejected", "wrong_secret"],
      change: /kid/,
    },
    { name: "wrong kind of key", settings: withKey({ alg: "RS256" }), code: "key_unusable", change: /key|alg/ },
    {
      name: "damaged key",
      settings: withKey({ key: keys.mine.pem.replace(/M/g, "N") }),
      code: "key_unusable",
      change: /key/,
    },
    {
      name: "key of another kind than the client's",
      settings: withKey({ key: rsaPem, alg: "RS256" }),
      code: ["assertion_rejected", "wrong_secret"],
      change: /key|alg/,
    },
    {
      name: "skewed clock: behind, an assertion",
      settings: { ...byKey, clockAhead: -10 * minutes },
      code: "clock_behind",
      change: /clock|time/,
      seen: /10 min|600/,
    },
    {
      name: "skewed clock: ahead, an assertion that isn't valid yet",
      settings: { ...byKey, clockAhead: 10 * minutes },
      code: "clock_ahead",
      change: /clock|time/,
      seen: /10 min|600/,
    },
    {
      name: "skewed clock: ahead, DPoP",
      settings: { ...base, dpop: true, clockAhead: 10 * minutes, endpoint: apis.dpop, audience: apis.dpop },
      code: "clock_ahead",
      change: /clock|time/,
    },
    {
      name: "skewed clock: behind, DPoP",
      settings: { ...base, dpop: true, clockAhead: -10 * minutes, endpoint: apis.dpop, audience: apis.dpop },
      code: "clock_behind",
      change: /clock|time/,
    },
    {
      name: "server wants DPoP",
      settings: { ...base, clientId: "bound" },
      code: "dpop_required",
      change: /dpop/,
    },
    {
      name: "server wants a nonce",
      settings: { ...base, clientId: "bound", tokenEndpoint: nonces.tokenEndpoint },
      code: ["dpop_required", "dpop_nonce_required"],
      change: /dpop/,
    },
    {
      name: "nonce that never comes",
      settings: { ...base, dpop: true, tokenEndpoint: `${field}/token/nonce` },
      code: "dpop_nonce_required",
      change: /DPoP-Nonce/i,
    },
    {
      name: "server that says a proof is missing",
      settings: { ...base, tokenEndpoint: `${field}/token/bound` },
      code: "dpop_required",
      change: /dpop/,
    },
    {
      name: "grant not allowed",
      settings: { ...base, clientId: "no-grant" },
      code: "grant_not_allowed",
      change: /grant|client_credentials/,
    },
    {
      name: "grant not enabled, said by 401",
      settings: { ...base, tokenEndpoint: `${field}/token/not-enabled` },
      code: "grant_not_allowed",
      change: /grant|client_credentials|service account/,
    },
    ...["unsupported", "not-implemented"].map((name) => ({
      name: `grant that is ${name}`,
      settings: { ...base, tokenEndpoint: `${field}/token/${name}` },
      code: name === "unsupported"
        ? "grant_not_allowed" as const
        : ["grant_not_allowed", "token_endpoint_failed"] as const,
      change: /grant|client_credentials/,
    })),
    {
      name: "scope the client may not have",
      settings: { ...base, clientId: "narrow", scopes: ["api:read", "api:write"] },
      code: "invalid_scope",
      change: /scopes/,
      seen: /api:write/,
    },
    {
      name: "wrong resource",
      settings: {
        ...base,
        tokenEndpoint: strict.tokenEndpoint,
        audience: undefined,
        resource: "https://api.example.org",
      },
      code: "invalid_target",
      change: /resource/,
    },
    {
      name: "audience that the server wants",
      settings: { ...base, tokenEndpoint: `${field}/token/wants-audience`, audience: undefined },
      code: "parameter_missing",
      change: /audience/,
    },
    {
      name: "scope that the server wants",
      settings: { ...base, tokenEndpoint: `${field}/token/wants-scope`, scopes: undefined },
      code: ["parameter_missing", "invalid_scope"],
      change: /scopes/,
    },
    {
      name: "opaque token at an API for JWTs",
      settings: { ...base, tokenEndpoint: opaque.tokenEndpoint, endpoint: apis.ofOpaque, audience: apis.ofOpaque },
      code: "api_rejects_token",
      seen: /opaque|no JWT|isn't a JWT|not a JWT/i,
    },
  ];
}
