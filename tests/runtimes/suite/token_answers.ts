/** Odd answers of a token endpoint: each ends in a token, or in an error that says what was odd. @module */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { AuthenticationError, type AuthenticationErrorCode, Credentials, getToken } from "@m2m/authenticator";
import { answer, head, html, json, jsonText, redirect, steps } from "../../faults/behaviours.ts";
import type { Behaviour } from "../../servers/fault_server.ts";
import type { Case, Trait } from "./case.ts";
import { planted } from "./planted.ts";
import { count } from "./world.ts";

interface Good {
  /** In milliseconds. */
  readonly lifetime?: number;
  readonly scope?: string;
  readonly refreshToken?: string;
}

interface Bad {
  readonly code: AuthenticationErrorCode;
  readonly status?: number;
  readonly error?: string;
  readonly retryable?: boolean;
  readonly retryAfter?: number;
}

interface Odd {
  readonly behaviour: Behaviour;
  readonly end: Good | Bad;
  readonly needs?: readonly Trait[];
}

const token = { access_token: "planted-token-{n}", token_type: "Bearer" };
const wholeToken = JSON.stringify({ ...token, expires_in: 60 });
const nonsense: Bad = { code: "invalid_response", status: 200 };

/** A JWT that lives for 90 seconds. Its times are long past: `exp` and `iat` tell the length alone. */
function jwt(claims: Record<string, unknown>): string {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
  return `${part({ alg: "none" })}.${part(claims)}.planted`;
}

function failing(status: number, body: unknown, headers: Record<string, string> = {}): Behaviour {
  return json(body, { status, headers });
}

const odd: Readonly<Record<string, Odd>> = {
  "a lifetime as a number": { behaviour: json({ ...token, expires_in: 60 }), end: { lifetime: 60_000 } },
  "a lifetime as a string": { behaviour: json({ ...token, expires_in: "3599" }), end: { lifetime: 3_599_000 } },
  "a lifetime as a fraction": { behaviour: json({ ...token, expires_in: 1.5 }), end: { lifetime: 1_500 } },
  "no lifetime": { behaviour: json(token), end: {} },
  "a lifetime of null": { behaviour: json({ ...token, expires_in: null }), end: {} },
  "a lifetime of 0": { behaviour: json({ ...token, expires_in: 0 }), end: {} },
  "a lifetime below 0": { behaviour: json({ ...token, expires_in: -60 }), end: {} },
  "a lifetime of 1e300": { behaviour: jsonText(wholeToken.replace("60", "1e300")), end: {} },
  "a moment as lifetime": { behaviour: json({ ...token, expires_in: 1_800_000_000 }), end: {} },
  "a JWT that tells its lifetime itself": {
    behaviour: json({ access_token: jwt({ iat: 1_000, exp: 1_090 }) }),
    end: { lifetime: 90_000 },
  },
  "no token type": {
    behaviour: json({ access_token: "planted-token-{n}", expires_in: 60 }),
    end: { lifetime: 60_000 },
  },
  "a token type in lower case": {
    behaviour: json({ ...token, token_type: "bearer", expires_in: 60 }),
    end: { lifetime: 60_000 },
  },
  "a scope, and a refresh token nobody asked for": {
    behaviour: json({ ...token, expires_in: 60, scope: "a b", refresh_token: "planted-refresh" }),
    end: { lifetime: 60_000, scope: "a b", refreshToken: "planted-refresh" },
  },
  "a byte order mark before the JSON": { behaviour: jsonText(`\ufeff${wholeToken}`), end: { lifetime: 60_000 } },
  "JSON that is announced as text": { behaviour: answer(wholeToken), end: { lifetime: 60_000 } },
  "201 for 200": { behaviour: json({ ...token, expires_in: 60 }, { status: 201 }), end: { lifetime: 60_000 } },
  "an answer that comes byte by byte": {
    behaviour: steps({ send: head(wholeToken) }, { drip: wholeToken, every: 1 }),
    end: { lifetime: 60_000 },
  },
  "nothing": { behaviour: answer(""), end: nonsense },
  "a web page": { behaviour: html(200, "Please sign in"), end: nonsense },
  "an array": { behaviour: json([token]), end: nonsense },
  "half a JSON object": { behaviour: jsonText(wholeToken.slice(0, 20)), end: nonsense },
  "no access token": { behaviour: json({ token_type: "Bearer" }), end: nonsense },
  "a number as access token": { behaviour: json({ ...token, access_token: 7 }), end: nonsense },
  "a line break in the access token": {
    behaviour: json({ ...token, access_token: "planted\r\nx: y" }),
    end: nonsense,
  },
  "a letter no header may carry in the access token": {
    behaviour: json({ ...token, access_token: "plantéd" }),
    end: nonsense,
  },
  "an error in a 200": {
    behaviour: json({ error: "invalid_scope", access_token: "planted" }),
    end: { code: "token_request_rejected", status: 200, error: "invalid_scope" },
  },
  "a token type nobody can present": {
    behaviour: json({ ...token, token_type: "mac" }),
    end: { code: "unsupported_token_type", status: 200 },
  },
  "2 MB": {
    behaviour: steps({ send: head("", { length: 2_000_000 }) }, { flood: " ".repeat(10_000), times: 200 }),
    end: { code: "response_too_large", status: 200 },
  },
  "400 invalid_scope": {
    behaviour: failing(400, { error: "invalid_scope", error_description: "no" }),
    end: { code: "token_request_rejected", status: 400, error: "invalid_scope" },
  },
  "401 invalid_client, with a challenge": {
    behaviour: failing(401, { error: "invalid_client" }, { "www-authenticate": 'Basic realm="x"' }),
    end: { code: "token_request_rejected", status: 401, error: "invalid_client" },
  },
  "401 in plain words": {
    behaviour: answer("Unauthorized", { status: 401 }),
    end: { code: "token_request_rejected", status: 401, error: "invalid_client" },
  },
  "an empty 403": {
    behaviour: answer("", { status: 403 }),
    end: { code: "token_endpoint_error", status: 403 },
  },
  "a web page of 404": {
    behaviour: html(404, "Not found"),
    end: { code: "token_endpoint_error", status: 404 },
  },
  "429 and how long to wait": {
    behaviour: failing(429, {}, { "retry-after": "7" }),
    end: { code: "token_endpoint_error", status: 429, retryable: true, retryAfter: 7_000 },
  },
  "429 with a code that is for good otherwise": {
    behaviour: failing(429, { error: "invalid_request" }),
    end: { code: "token_endpoint_error", status: 429, error: "invalid_request", retryable: true },
  },
  "500 server_error": {
    behaviour: failing(500, { error: "server_error" }),
    end: { code: "token_endpoint_error", status: 500, error: "server_error", retryable: true },
  },
  "503 and a wait that is none": {
    behaviour: failing(503, {}, { "retry-after": "soon" }),
    end: { code: "token_endpoint_error", status: 503, retryable: true },
  },
  "half an answer, then the end": {
    behaviour: steps({ send: head(wholeToken) }, { send: wholeToken.slice(0, 20) }),
    end: { code: "network_error", retryable: true },
  },
  "half an answer, then a reset": {
    behaviour: steps({ send: head(wholeToken) }, { send: wholeToken.slice(0, 20) }, "reset"),
    end: { code: "network_error", retryable: true },
  },
  "a reset": { behaviour: steps("reset"), end: { code: "network_error", retryable: true } },
  "what isn't HTTP": {
    behaviour: steps({ send: "220 smtp.test ESMTP\r\n\r\n" }),
    end: { code: "network_error", retryable: true },
  },
  "nothing, ever": { behaviour: steps("stall"), end: { code: "timeout", retryable: true } },
  "half an answer, and then nothing": {
    behaviour: steps({ send: head(wholeToken) }, { send: wholeToken.slice(0, 20) }, "stall"),
    end: { code: "timeout", retryable: true },
  },
  "a redirect by 302": {
    behaviour: redirect(302, "{elsewhere}/token"),
    end: { code: "redirect_refused", status: 302 },
    needs: ["visible redirects"],
  },
  "a redirect by 307": {
    behaviour: redirect(307, "{elsewhere}/token"),
    end: { code: "redirect_refused", status: 307 },
    needs: ["visible redirects"],
  },
  "a redirect that shows no status": {
    behaviour: redirect(307, "{elsewhere}/token"),
    end: { code: "redirect_refused" },
    needs: ["hidden redirects"],
  },
};

export const tokenAnswers: readonly Case[] = Object.entries(odd).map(([what, { behaviour, end, needs = [] }]) => ({
  name: `a token endpoint that answers ${what} is ${"code" in end ? `an error: ${end.code}` : "good for a token"}`,
  needs,
  async run(world) {
    const { tokens, elsewhere, tokenEndpoint } = await world.set({ tokens: { usual: behaviour } });
    const started = Date.now();

    const outcome: unknown = await getToken(tokenEndpoint, {
      clientId: planted.clientId,
      clientSecret: planted.secret,
      timeout: "code" in end && end.code === "timeout" ? 300 : 10_000,
    }).catch((error) => error);

    if ("code" in end) assertBad(outcome, end);
    else assertGood(outcome, end, started);
    assertEquals([await count(tokens), await count(elsewhere)], [1, 0]);
  },
}));

function assertBad(outcome: unknown, end: Bad): void {
  assertInstanceOf(outcome, AuthenticationError);
  const { code, status, error, retryable, retryAfter } = outcome;
  assertEquals({ code, status, error, retryable, retryAfter }, {
    code: end.code,
    status: end.status,
    error: end.error,
    retryable: end.retryable ?? false,
    retryAfter: end.retryAfter,
  });
  assert(!outcome.message.includes("planted"), outcome.message);
}

function assertGood(outcome: unknown, { lifetime, scope, refreshToken }: Good, started: number): void {
  if (outcome instanceof Error) throw outcome;
  assertInstanceOf(outcome, Credentials);
  assertEquals([outcome.tokenType, outcome.scope, outcome.refreshToken], ["Bearer", scope, refreshToken]);
  const { expiresAt } = outcome;
  if (lifetime === undefined) return assertEquals(expiresAt, undefined);
  // Where a platform's clock stands still between its inputs, it may lag behind.
  assert(expiresAt !== undefined && Math.abs(expiresAt - started - lifetime) < 10_000, `${expiresAt} - ${started}`);
}
