/** Set-ups with faults of client authentication. @module */
import { exportPKCS8, exportSPKI, generateKeyPair } from "jose";
import type { Settings } from "./program.ts";
import type { Row } from "./setups.ts";
import { secret, specialSecret, type Stage, wrongSecret } from "./stage.ts";

const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
const [rsaPem, publicPem] = [await exportPKCS8(privateKey), await exportSPKI(publicKey)];

export function clientSetups(
  { servers: { main, better }, field, special, keys, apis }: Stage,
  base: Settings,
): Row[] {
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
  const [minutes, days] = [60_000, 86_400_000];
  return [
    ["no secret at all", { ...base, clientSecret: undefined }, "invalid_option", /clientSecret/],
    ["endpoint without a scheme", { ...base, endpoint: "api.example.com" }, "invalid_option", /endpoint/],
    ["secret that can't be read", { ...base, hasNoSecret: true }, "secret_unreadable", /clientSecret/],
    ["wrong secret", { ...base, clientSecret: wrongSecret }, "wrong_secret", /clientSecret|clientId/],
    [
      "wrong secret with special characters",
      { ...base, clientSecret: `${wrongSecret}+/=` },
      "wrong_secret",
      /clientSecret|clientId/,
    ],
    ["secret in quotes", { ...base, clientSecret: `"${secret}"` }, "wrong_secret", /quot/],
    ["wrong secret, of one attempt", { ...base, clientSecret: wrongSecret, maxTokenRequests: 1 }, "wrong_secret"],
    ["unknown client", { ...base, clientId: "my-clinet" }, "wrong_secret", /clientId/],
    ...["by-200", "by-text", "by-nothing", "by-grant", "by-access", "by-tenant", "by-echo"].map((
      name,
    ): Row => [`wrong secret, said ${name.replace("-", " ")}`, wrongAt(name), "wrong_secret", /clientSecret|clientId/]),
    [
      "method that the server names",
      { ...base, tokenEndpoint: `${field}/token/by-key` },
      "auth_method_unsupported",
      /privateKeyJwt/,
    ],
    ["secret that is a file's path", { ...base, clientSecret: "/run/secrets/client" }, "wrong_secret", /path/],
    ["id in place of a value", { ...base, clientId: "<your-client-id>" }, "wrong_secret", /clientId is a placeholder/],
    [
      "newline in secret, and a clock that is ahead",
      {
        ...base,
        clientSecret: `${secret}\n`,
        dpop: true,
        clockAhead: 10 * minutes,
      },
      "secret_has_blank",
      /clientSecret/,
    ],
    ["locked client", wrongAt("by-lock"), "wrong_secret", /server|clientSecret/, { seen: /locked/ }],
    [
      "byte order mark in secret",
      { ...base, clientSecret: `\uFEFF${secret}` },
      ["secret_has_blank", "wrong_secret"],
      /blank|mark/,
    ],
    ["secret in base64", { ...base, clientSecret: btoa(secret) }, "wrong_secret", /base64/i],
    ["expired secret", wrongAt("by-expiry"), "wrong_secret", /clientSecret/, { seen: /expired/ }],
    ["wrong secret at another server", { ...atBetter, clientSecret: wrongSecret }, "wrong_secret", /clientSecret/],
    ["post-only", { ...atBetter, clientId: "by-post" }, "auth_method_unsupported", /clientSecretPost/],
    [
      "Basic-only",
      { ...atBetter, auth: { method: "client_secret_post", secret } },
      "auth_method_unsupported",
      /clientSecret\b|clientSecretBasic|Basic/,
    ],
    [
      "skewed clock: ahead, an assertion at another server",
      { ...byKey, tokenEndpoint: better.tokenEndpoint, issuer: better.issuer, clockAhead: 2 * days },
      "clock_ahead",
      /clock|time/,
    ],
    ["newline in secret", { ...base, clientSecret: `${secret}\n` }, "secret_has_blank", /clientSecret/],
    [
      "newline in secret, which a flag gives",
      { ...base, clientSecret: `${secret}\n`, optionNames: { clientSecret: "--secret-file" } },
      "secret_has_blank",
      /--secret-file/,
    ],
    [
      "newline in a secret that is posted",
      { ...base, clientId: "by-post", auth: { method: "client_secret_post", secret: `${secret}\r\n` } },
      ["secret_has_blank", "wrong_secret"],
      /blank|line|newline|trim/i,
    ],
    ["blank at the id's end", { ...base, clientId: "my-client " }, "id_has_blank", /clientId/],
    [
      "raw-only Basic",
      {
        ...base,
        endpoint: `${special}/api/any`,
        tokenEndpoint: `${special}/token/raw`,
        clientSecret: specialSecret,
      },
      "basic_encoding",
      /basicEncoding.*raw/,
    ],
    [
      "form-only Basic",
      {
        ...base,
        endpoint: `${special}/api/any`,
        tokenEndpoint: `${special}/token/plain`,
        clientSecret: specialSecret,
        basicEncoding: "raw",
      },
      "basic_encoding",
      /basicEncoding/,
    ],
    ["secret where an assertion is wanted", { ...base, clientId: "by-jwt" }, [
      "auth_method_unsupported",
      "wrong_secret",
    ], /clientSecretJwt|client_secret_jwt|another method/],
    [
      "secret where a key is wanted",
      { ...base, clientId: "by-key" },
      ["auth_method_unsupported", "wrong_secret"],
      /clientSecret|privateKeyJwt|clientAuth/,
    ],
    ["key of another client", withKey({ key: keys.other.pem }), ["assertion_rejected", "wrong_secret"], /key/],
    ["wrong kid", withKey({ kid: "another" }), ["assertion_rejected", "wrong_secret"], /kid/],
    ["wrong kind of key", withKey({ alg: "RS256" }), "key_unusable", /key|alg/],
    ["public key in place of the private one", withKey({ key: publicPem }), "key_unusable", /private/],
    ["damaged key", withKey({ key: keys.mine.pem.replace(/M/g, "N") }), "key_unusable", /key/],
    ["key of another kind than the client's", withKey({ key: rsaPem, alg: "RS256" }), [
      "assertion_rejected",
      "wrong_secret",
    ], /key|alg/],
    ["skewed clock: behind, an assertion", { ...byKey, clockAhead: -10 * minutes }, "clock_behind", /clock|time/, {
      ...{ isRemark: true, seen: /\b(10|9) min|\b(599|60[01])\b/ },
    }],
    [
      "skewed clock: ahead, an assertion that isn't valid yet",
      { ...byKey, clockAhead: 10 * minutes },
      "clock_ahead",
      /clock|time/,
      { isRemark: true, seen: /\b(10|9) min|\b(599|60[01])\b/ },
    ],
    [
      "skewed clock: ahead, DPoP",
      { ...base, dpop: true, clockAhead: 2 * days, endpoint: apis.dpop, audience: apis.dpop },
      "clock_ahead",
      /clock|time/,
    ],
    [
      "skewed clock: behind, DPoP",
      { ...base, dpop: true, clockAhead: -10 * minutes, endpoint: apis.dpop, audience: apis.dpop },
      "clock_behind",
      /clock|time/,
      { isRemark: true },
    ],
  ];
}
