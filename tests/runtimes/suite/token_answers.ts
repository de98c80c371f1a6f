/** Unusual answers of a token endpoint, and the credentials or the error of each. @module */
import { assert, assertEquals } from "@std/assert";
import { AuthenticationError, Credentials, getToken } from "@m2m/authenticator";
import { answer, head, html, json, jsonText, redirect, steps } from "../../faults/behaviours.ts";
import type { Behaviour, Step } from "../../servers/fault_server.ts";
import { stalled } from "./behaviours.ts";
import { type Case, eachRow } from "./case.ts";
import { client } from "./planted.ts";
import { count, type World } from "./world.ts";

/** Members of the credentials (their lifetime is in milliseconds), or of the error. */
type Outcome =
  & Partial<Pick<AuthenticationError, "code" | "status" | "error" | "retryable" | "retryAfter">>
  & Partial<Pick<Credentials, "scope" | "refreshToken">>
  & { readonly lifetime?: number };

type Rows = Readonly<Record<string, readonly [behaviour: Behaviour, outcome: Outcome]>>;

const token = { access_token: "planted-token-{n}", token_type: "Bearer" };
const whole = { ...token, expires_in: 60 };
const wholeText = JSON.stringify(whole);
const minute = { lifetime: 60_000 };
const invalid: Outcome = { code: "invalid_response", status: 200 };
const broken: Outcome = { code: "network_error", retryable: true };
const timedOut: Outcome = { code: "timeout", retryable: true };

/** A JWT. Its times are long past: only their difference counts. */
function jwt(claims: object): string {
  const part = (value: unknown) => btoa(JSON.stringify(value)).replaceAll("=", "");
  return `${part({ alg: "none" })}.${part(claims)}.planted`;
}

const lives = (expires_in: unknown) => json({ ...token, expires_in });
const fails = (status: number, body: unknown, headers = {}) => json(body, { status, headers });
/** Half an answer, then these steps. */
const half = (...then: Step[]) => steps({ send: head(wholeText) }, { send: wholeText.slice(0, 20) }, ...then);
const rejected = (status: number, error: string): Outcome => ({ code: "token_request_rejected", status, error });
const failed = (status: number, rest: Outcome = {}): Outcome => ({ code: "token_endpoint_error", status, ...rest });

const answers: Rows = {
  "a lifetime as a number": [lives(60), minute],
  "a lifetime as a string": [lives("3599"), { lifetime: 3_599_000 }],
  "a lifetime as a fraction": [lives(1.5), { lifetime: 1_500 }],
  "no lifetime": [json(token), {}],
  "a lifetime of null": [lives(null), {}],
  "a lifetime of 0": [lives(0), { lifetime: 0 }],
  "a negative lifetime": [lives(-60), {}],
  "a lifetime of 1e300": [jsonText(wholeText.replace("60", "1e300")), {}],
  "a Unix time as lifetime": [lives(1_800_000_000), {}],
  "a JWT with its lifetime": [json({ access_token: jwt({ iat: 1_000, exp: 1_090 }) }), { lifetime: 90_000 }],
  "no token type": [json({ ...whole, token_type: undefined }), minute],
  "a token type in lower case": [json({ ...whole, token_type: "bearer" }), minute],
  "a scope, and a refresh token": [
    json({ ...whole, scope: "a b", refresh_token: "planted-refresh" }),
    { ...minute, scope: "a b", refreshToken: "planted-refresh" },
  ],
  "a byte order mark before the JSON": [jsonText(`\ufeff${wholeText}`), minute],
  "JSON announced as text": [answer(wholeText), minute],
  "201 instead of 200": [json(whole, { status: 201 }), minute],
  "one byte at a time": [steps({ send: head(wholeText) }, { drip: wholeText, every: 1 }), minute],
  "nothing": [answer(""), invalid],
  "a web page": [html(200, "Please sign in"), invalid],
  "an array": [json([token]), invalid],
  "half a JSON object": [jsonText(wholeText.slice(0, 20)), invalid],
  "no access token": [json({ token_type: "Bearer" }), invalid],
  "a number as access token": [json({ ...token, access_token: 7 }), invalid],
  "a line break in the access token": [json({ ...token, access_token: "planted\r\nx: y" }), invalid],
  "a character no header may carry in the access token": [json({ ...token, access_token: "plantéd" }), invalid],
  "an error in a 200": [json({ error: "invalid_scope", access_token: "planted" }), rejected(200, "invalid_scope")],
  "an unsupported token type": [json({ ...token, token_type: "mac" }), { code: "unsupported_token_type", status: 200 }],
  "2 MB": [
    steps({ send: head("", { length: 2_000_000 }) }, { flood: " ".repeat(10_000), times: 200 }),
    { code: "response_too_large", status: 200 },
  ],
  "400 invalid_scope": [
    fails(400, { error: "invalid_scope", error_description: "no" }),
    rejected(400, "invalid_scope"),
  ],
  "401 invalid_client, with a challenge": [
    fails(401, { error: "invalid_client" }, { "www-authenticate": 'Basic realm="x"' }),
    rejected(401, "invalid_client"),
  ],
  "401 as plain text": [answer("Unauthorized", { status: 401 }), rejected(401, "invalid_client")],
  "an empty 403": [answer("", { status: 403 }), failed(403)],
  "404 as a web page": [html(404, "Not found"), failed(404)],
  "429 with retry-after": [fails(429, {}, { "retry-after": "7" }), failed(429, { retryable: true, retryAfter: 7_000 })],
  "429 with an error code that is permanent otherwise": [
    fails(429, { error: "invalid_request" }),
    failed(429, { error: "invalid_request", retryable: true }),
  ],
  "500 server_error": [fails(500, { error: "server_error" }), failed(500, { error: "server_error", retryable: true })],
  "503 with an invalid retry-after": [fails(503, {}, { "retry-after": "soon" }), failed(503, { retryable: true })],
  "half an answer, then the end": [half(), broken],
  "half an answer, then a reset": [half("reset"), broken],
  "a reset": [steps("reset"), broken],
  "another protocol than HTTP": [steps({ send: "220 smtp.test ESMTP\r\n\r\n" }), broken],
  "nothing, ever": [stalled, timedOut],
  "half an answer, then nothing": [half("stall"), timedOut],
};

const visible: Rows = {
  "a redirect by 302": [redirect(302, "{elsewhere}/token"), { code: "redirect_refused", status: 302 }],
  "a redirect by 307": [redirect(307, "{elsewhere}/token"), { code: "redirect_refused", status: 307 }],
};

const hidden: Rows = {
  "a redirect without its status": [redirect(307, "{elsewhere}/token"), { code: "redirect_refused" }],
};

function describe(what: string, [, { code }]: Rows[string]): string {
  return `getToken: ${code ? `refuses ${what} by ${code}` : `accepts ${what}`}`;
}

async function check(world: World, [usual, outcome]: Rows[string]): Promise<void> {
  const { tokens, elsewhere, tokenEndpoint } = await world.set({ tokens: { usual } });
  const started = Date.now();

  const got = await getToken(tokenEndpoint, { ...client, timeout: outcome === timedOut ? 300 : 10_000 })
    .catch((error: unknown) => error);

  if (outcome.code) {
    assert(got instanceof AuthenticationError, `${got}`);
    const { code, status, error, retryable, retryAfter, message } = got;
    const usual = { status: undefined, error: undefined, retryable: false, retryAfter: undefined };
    assertEquals({ code, status, error, retryable, retryAfter }, { ...usual, ...outcome });
    assert(!message.includes("planted"), message);
  } else {
    assert(got instanceof Credentials, `${got}`);
    const { lifetime, scope, refreshToken } = outcome;
    assertEquals([got.tokenType, got.scope, got.refreshToken], ["Bearer", scope, refreshToken]);
    // A platform's clock may stand still between its inputs, and lag behind.
    const { expiresAt = NaN } = got;
    const isExpected = lifetime === undefined ? isNaN(expiresAt) : Math.abs(expiresAt - started - lifetime) < 10_000;
    assert(isExpected, `${expiresAt} - ${started}`);
  }
  assertEquals(await count(tokens, elsewhere), [1, 0]);
}

export const tokenAnswers: readonly Case[] = [
  ...eachRow(answers, describe, check),
  ...eachRow(visible, describe, check, "visible redirects"),
  ...eachRow(hidden, describe, check, "hidden redirects"),
];
