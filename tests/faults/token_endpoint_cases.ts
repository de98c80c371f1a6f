/**
 * What a token endpoint may say, and how one exchange with it must end.
 *
 * @module
 */

import { encodeBase64Url } from "@std/encoding/base64url";
import type { Behaviour } from "../servers/fault_server.ts";
import { answer, html, json, jsonText, raw } from "./behaviours.ts";
import { planted, quotedSecret } from "./planted.ts";
import {
  accessToken,
  category,
  failed,
  good,
  hour,
  invalid,
  refused,
  type Row,
  type TokenCase,
  usual,
  usualText,
  wrong,
} from "./token_case.ts";

function expiresIn(literal: string): Behaviour {
  return jsonText(`{"access_token":"${accessToken}","token_type":"Bearer","expires_in":${literal}}`);
}

function tokenType(value: unknown): Behaviour {
  return json({ ...usual, token_type: value });
}

function token(value: unknown): Behaviour {
  return json({ ...usual, access_token: value });
}

function described(description: unknown): Behaviour {
  return json({ error: "invalid_client", error_description: description, note: planted.body }, {
    status: 401,
  });
}

function jwt(claims: unknown): string {
  return `${encodeBase64Url('{"alg":"none"}')}.${encodeBase64Url(JSON.stringify(claims))}.c2ln`;
}

const now = Math.floor(Date.now() / 1000);
const jwtOfTenMinutes = jwt({ iat: now, exp: now + 600 });
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const unavailable = (retryAfter: string, status = 503) => json({}, { status, headers: { "retry-after": retryAfter } });

const lifetimes = category("lifetime", [
  ["says expires_in as a number", expiresIn("3600"), good()],
  ["says expires_in as a string", expiresIn('"3599"'), good({ lifetime: 3_599_000 })],
  ["says expires_in as a float", expiresIn("3599.5"), good({ lifetime: 3_599_500 })],
  ["says expires_in as a float in a string", expiresIn('"3599.5"'), good({ lifetime: 3_599_500 })],
  ["says expires_in with blanks around it", expiresIn('" 3600 "'), good()],
  ["says expires_in with an exponent", expiresIn("3.6e3"), good()],
  ["says a lifetime of one second", expiresIn("1"), good({ lifetime: 1_000 })],
  ["says expires_in is 0", expiresIn("0"), good({ lifetime: undefined })],
  ["says expires_in is minus zero", expiresIn("-0"), good({ lifetime: undefined })],
  ["says expires_in is null", expiresIn("null"), good({ lifetime: undefined })],
  ["says expires_in is an empty string", expiresIn('""'), good({ lifetime: undefined })],
  ["says expires_in is negative", expiresIn("-3600"), good({ lifetime: undefined })],
  ["says expires_in is a negative string", expiresIn('"-1"'), good({ lifetime: undefined })],
  ["says expires_in is an epoch time", expiresIn(String(now + 3600)), good({ lifetime: undefined })],
  ["says expires_in is an epoch time in milliseconds", expiresIn(`${now}000`), good({ lifetime: undefined })],
  ["says expires_in is 1e308", expiresIn("1e308"), good({ lifetime: undefined })],
  ["says expires_in overflows to infinity", expiresIn("1e999"), good({ lifetime: undefined })],
  ["says expires_in is NaN in a string", expiresIn('"NaN"'), good({ lifetime: undefined })],
  ["says expires_in is Infinity in a string", expiresIn('"Infinity"'), good({ lifetime: undefined })],
  ["says expires_in in hexadecimal", expiresIn('"0x10"'), good({ lifetime: undefined })],
  ["says expires_in in words", expiresIn('"an hour"'), good({ lifetime: undefined })],
  ["says expires_in is true", expiresIn("true"), good({ lifetime: undefined })],
  ["says expires_in is an array", expiresIn("[3600]"), good({ lifetime: undefined })],
  ["says expires_in is an object", expiresIn('{"seconds":3600}'), good({ lifetime: undefined })],
  [
    "says nothing of a lifetime",
    json({ access_token: accessToken, token_type: "Bearer" }),
    good({ lifetime: undefined }),
  ],
  [
    "says nothing of a lifetime, of a JWT that does",
    json({ access_token: jwtOfTenMinutes, token_type: "Bearer" }),
    good({ accessToken: jwtOfTenMinutes, lifetime: 600_000 }),
  ],
  [
    "says nothing of a lifetime, of a JWT whose exp is text",
    json({ access_token: jwt({ exp: "tomorrow" }) }),
    good({ accessToken: jwt({ exp: "tomorrow" }), lifetime: undefined }),
  ],
  [
    "says nothing of a lifetime, of a JWT whose claims are null",
    json({ access_token: jwt(null) }),
    good({ accessToken: jwt(null), lifetime: undefined }),
  ],
]);

const tokenTypes = category("token type", [
  ["says token_type bearer", tokenType("bearer"), good()],
  ["says token_type BEARER", tokenType("BEARER"), good()],
  ["says no token_type", tokenType(undefined), good()],
  ["says token_type null", tokenType(null), good()],
  ...["mac", "DPoP", "N_A", "Bearer Bearer", "", 1, { bearer: true }, { toString: 1 }].map((type): Row => [
    `says token_type ${JSON.stringify(type)}`,
    tokenType(type),
    { code: "unsupported_token_type", status: 200, retryable: false },
  ]),
]);

const tokens = category("token", [
  ["gives a token with an exclamation mark", token("00D!AQ4"), good({ accessToken: "00D!AQ4" })],
  ["gives a token with CR and LF", token(`${accessToken}\r\nx-injected: 1`), invalid()],
  ["gives a token with a newline at its end", token(`${accessToken}\n`), invalid()],
  ["gives a token with a space", token("planted token"), invalid()],
  ["gives a token with a tab", token("planted\ttoken"), invalid()],
  ["gives a token with a NUL", token("planted\0token"), invalid()],
  ["gives a token in quotes", token(`"${accessToken}"`), invalid()],
  ["gives a token with a comma", token("a,b"), invalid()],
  ["gives a token outside ASCII", token("tökén"), invalid()],
  ["gives a token outside Latin-1", token("токен"), invalid()],
  ["gives a token with a lone surrogate", jsonText('{"access_token":"a\\ud800b"}'), invalid()],
  ["gives a token with the word Bearer before it", token(`Bearer ${accessToken}`), invalid()],
  ["gives a token of equals signs", token("=="), invalid()],
  ["gives an empty token", token(""), invalid()],
  ["gives a token of spaces", token("   "), invalid()],
  ["gives no token", token(undefined), invalid()],
  ["gives null for a token", token(null), invalid()],
  ["gives a number for a token", token(12345), invalid()],
  ["gives true for a token", token(true), invalid()],
  ["gives an array for a token", token([accessToken]), invalid()],
  ["gives an object for a token", token({ token: accessToken }), invalid()],
  ["gives the token one level down", json({ data: usual }), invalid()],
  ["gives the token in camelCase", json({ accessToken, tokenType: "Bearer" }), invalid()],
  ["gives an ID token only", json({ id_token: accessToken, token_type: "Bearer" }), invalid()],
]);

const scopes = category("scope", [
  ["gives a narrower scope", json({ ...usual, scope: "a" }), good({ scope: "a" })],
  ["gives an empty scope", json({ ...usual, scope: "" }), good({ scope: "" })],
  ["gives the scope as an array", json({ ...usual, scope: ["a", "b"] }), good()],
  ["gives null for the scope", json({ ...usual, scope: null }), good()],
  ["gives a refresh token nobody asked for", json({ ...usual, refresh_token: accessToken }), good()],
  ["gives an object for the refresh token", json({ ...usual, refresh_token: {} }), good()],
]);

const refusals = category("refusal", [
  ...([
    [401, "invalid_client"],
    [400, "invalid_client"],
    [400, "invalid_request"],
    [400, "invalid_scope"],
    [400, "invalid_grant"],
    [400, "invalid_target"],
    [400, "unauthorized_client"],
    [401, "unauthorized_client"],
    [400, "unsupported_grant_type"],
    [400, "scope_invalid"],
    [400, "authorization_type_invalid"],
    [403, "access_denied"],
    [404, "other_error"],
    [200, "invalid_client"],
  ] as const).map(([status, error]): Row => [
    `answers ${status} ${error}`,
    json({ error, note: planted.body }, { status }),
    refused(status, error),
  ]),
  ["refuses beside a token", json({ ...usual, error: "invalid_scope" }), refused(200, "invalid_scope")],
  [
    "refuses as text/plain",
    answer('{"error":"invalid_client"}', { status: 401 }),
    refused(401, "invalid_client"),
  ],
  [
    "refuses with a challenge of another scheme",
    json({ error: "invalid_client" }, { status: 401, headers: { "www-authenticate": 'Vendor "x' } }),
    refused(401, "invalid_client"),
  ],
  [
    "says server_error in a 400",
    json({ error: "server_error" }, { status: 400 }),
    failed(400, { error: "server_error" }),
  ],
  [
    "says temporarily_unavailable in a 200",
    json({ error: "temporarily_unavailable" }),
    failed(200, { error: "temporarily_unavailable" }),
  ],
  [
    "says slow_down in a 400",
    json({ error: "slow_down" }, { status: 400 }),
    failed(400, { error: "slow_down" }),
  ],
  [
    "says unsupported_grant_type in a 501",
    json({ error: "unsupported_grant_type" }, { status: 501 }),
    refused(501, "unsupported_grant_type"),
  ],
  [
    "says invalid_client in a 429",
    json({ error: "invalid_client" }, { status: 429 }),
    failed(429, {
      error: "invalid_client",
    }),
  ],
  ["says an error of two words in a 400", json({ error: "Bad Request" }, { status: 400 }), wrong(400)],
  ["says an error of two words in a 200", json({ error: "Not Found" }), invalid()],
  ["says an error as an object in a 400", json({ error: { code: 7 } }, { status: 400 }), wrong(400)],
  ["says an error as an object in a 200", json({ ...usual, error: { code: 7 } }), invalid()],
  ["says error null beside a token", json({ ...usual, error: null }), good()],
  ["says an empty error beside a token", json({ ...usual, error: "" }), good()],
  ["says an error of 5,000 letters", json({ error: "a".repeat(5_000) }, { status: 400 }), wrong(400)],
]);

const bareFailures = category("failure without an OAuth code", [
  ...[408, 425, 429, 500, 502, 503, 504, 520, 599, 799].map((status): Row => [
    `answers ${status} with a page`,
    html(status, planted.body),
    failed(status),
  ]),
  ...[400, 403, 404, 405, 407, 410, 418, 501].map((status): Row => [
    `answers ${status} with a page`,
    html(status, planted.body),
    wrong(status),
  ]),
  ["answers 401 with a page", html(401, planted.body), refused(401, "invalid_client")],
  ["answers 401 with plain text", answer("Bad credentials", { status: 401 }), refused(401, "invalid_client")],
  ["answers 401 with other JSON", json({ message: "Unauthorized" }, { status: 401 }), refused(401, "invalid_client")],
  [
    "answers 401 with a Basic challenge and nothing else",
    answer("", { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } }),
    refused(401, "invalid_client"),
  ],
  ["answers 403 with nothing", answer("", { status: 403 }), wrong(403)],
  ["answers 502 with half a JSON object", jsonText(usualText.slice(0, 40), { status: 502 }), failed(502)],
  ["answers 500 with a token", json(usual, { status: 500 }), failed(500)],
]);

const date = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();
const retryAfters = category("Retry-After", [
  ["says Retry-After in seconds", unavailable("7"), failed(503, { retryAfter: 7_000 })],
  ["says Retry-After in a 429", unavailable("7", 429), failed(429, { retryAfter: 7_000 })],
  ["says Retry-After 0", unavailable("0"), failed(503, { retryAfter: 0 })],
  ["says Retry-After as a date", unavailable(date(60)), failed(503, { retryAfter: [40_000, 60_000] })],
  ["says Retry-After as a date gone by", unavailable(date(-60)), failed(503, { retryAfter: 0 })],
  ["says a negative Retry-After", unavailable("-7"), failed(503)],
  ["says a Retry-After with a fraction", unavailable("1.5"), failed(503)],
  ["says Retry-After in words", unavailable("in a while"), failed(503)],
  ["says two Retry-Afters in one", unavailable("3, 7"), failed(503)],
  ["says an empty Retry-After", unavailable(""), failed(503)],
  [
    "says a Retry-After of 100 digits",
    unavailable("9".repeat(100)),
    failed(503, { retryAfter: [hour, Number.MAX_VALUE] }),
  ],
  [
    "says a Retry-After of 400 digits",
    unavailable("9".repeat(400)),
    failed(503, { retryAfter: [hour, Number.MAX_VALUE] }),
  ],
  ["says a Retry-After of 60,000 letters", unavailable("a".repeat(60_000)), failed(503)],
]);

const unusable = category("unusable answer", [
  ["answers 200 with a page", html(200, planted.body), invalid()],
  ["answers 200 with a page of 900,000 letters", html(200, "x".repeat(900_000)), invalid()],
  ["answers 200 with nothing", answer(""), invalid()],
  ["answers 200 with nothing, as JSON", jsonText(""), invalid()],
  ["answers 204", raw("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"), invalid(204)],
  ["answers 200 with a form", answer(`access_token=${accessToken}&token_type=bearer`), invalid()],
  ["answers 200 with a bare token", answer(accessToken), invalid()],
  ["answers 201 with a token", json(usual, { status: 201 }), good()],
  ["announces a token as text/html", answer(usualText, { headers: { "content-type": "text/html" } }), good()],
  ["announces a token as nothing", answer(usualText), good()],
  [
    "announces its page as a type of 9,000 letters",
    answer("<p>", { headers: { "content-type": `text/${"x".repeat(9_000)}` } }),
    invalid(),
  ],
]);

const oddJson = category("JSON", [
  ...["[]", "null", "true", "42", '""', `"${accessToken}"`, `[${usualText}]`].map((text): Row => [
    `answers the JSON value ${text.length < 10 ? text : `${text.slice(0, 2)}…`}`,
    jsonText(text),
    invalid(),
  ]),
  ["answers an empty object", jsonText("{}"), invalid()],
  ["answers JSON cut off", jsonText(usualText.slice(0, -1)), invalid()],
  ["answers JSON with something after it", jsonText(`${usualText} ok`), invalid()],
  ["answers JSON twice", jsonText(usualText + usualText), invalid()],
  ["answers JSON in single quotes", jsonText(usualText.replaceAll('"', "'")), invalid()],
  ["answers JSON with a comma too many", jsonText(usualText.replace("}", ",}")), invalid()],
  ["answers JSON with a guard before it", jsonText(`)]}',\n${usualText}`), invalid()],
  ["answers JSON with blanks around it", jsonText(`\r\n\t ${usualText}\n\n`), good()],
  ["answers JSON with a byte order mark", jsonText(`\ufeff${usualText}`), good()],
  ["answers JSON in UTF-16", jsonText(utf16(usualText)), invalid()],
  [
    "announces UTF-8 as ISO-8859-1",
    jsonText(usualText, { headers: { "content-type": "application/json; charset=iso-8859-1" } }),
    good(),
  ],
  ["answers bytes that are no UTF-8", jsonText(Uint8Array.of(0x7b, 0xff, 0xfe, 0x00, 0x7d)), invalid()],
  ["has broken UTF-8 in a field of no interest", jsonText(brokenUtf8(usualText)), good()],
  [
    "answers with a key twice: the last one counts",
    jsonText(`{"access_token":"a b",${usualText.slice(1)}`),
    good(),
  ],
  [
    "answers with a key twice: the last one is bad",
    jsonText(`${usualText.slice(0, -1)},"access_token":"a b"}`),
    invalid(),
  ],
  ["answers arrays in arrays, 100,000 deep", jsonText(nested(100_000)), invalid()],
  [
    "answers objects in objects, 50,000 deep",
    jsonText('{"a":'.repeat(50_000) + "1" + "}".repeat(50_000)),
    invalid(),
  ],
  [
    "has a deep array in a field of no interest",
    jsonText(`{"x":${nested(50_000)},${usualText.slice(1)}`),
    good(),
  ],
  [
    "has a deep array for token_type",
    jsonText(`{"access_token":"${accessToken}","token_type":${nested(50_000)}}`),
    { code: "unsupported_token_type", status: 200, retryable: false },
  ],
  ["has a deep array for the token", jsonText(`{"access_token":${nested(50_000)}}`), invalid()],
  ["hides the token under __proto__", jsonText(`{"__proto__":${usualText}}`), invalid()],
  [
    "hides an error under __proto__",
    jsonText(`{"__proto__":{"error":"invalid_client"},${usualText.slice(1)}`),
    good(),
  ],
  ["has keys of Object.prototype", jsonText(`{"toString":1,"constructor":2,${usualText.slice(1)}`), good()],
  ["has 50,000 keys", jsonText(`{${many((i) => `"k${i}":${i},`)}${usualText.slice(1)}`), good()],
]);

const descriptions = category("description", [
  ...Object.entries(quotedSecret).map(([form, text]): Row => [
    `quotes the secret ${form} in error_description`,
    described(`The secret ${text} is wrong.`),
    refused(401, "invalid_client", { error_description: "The secret [redacted] is wrong." }),
  ]),
  ["quotes the secret in error", json({ error: planted.secret }, { status: 400 }), wrong(400)],
  [
    "quotes the secret in error_uri",
    json({
      error: "invalid_client",
      error_uri: `https://x.test/?${planted.secret}`,
    }, { status: 401 }),
    refused(401, "invalid_client"),
  ],
  [
    "quotes the secret in a header",
    json({ error: "invalid_client" }, {
      status: 401,
      headers: { "www-authenticate": `Basic realm="${quotedSecret["form-encoded"]}"` },
    }),
    refused(401, "invalid_client"),
  ],
  [
    "quotes the secret in the media type",
    answer("<p>", {
      headers: { "content-type": `text/${quotedSecret["in base64"]}` },
    }),
    invalid(),
  ],
  [
    "describes in 100,000 letters",
    described("e".repeat(100_000)),
    refused(401, "invalid_client", { error_description: "e".repeat(300) }),
  ],
  [
    "describes in control characters",
    described("a\r\n\u001b[31mb\u0007\u202ec"),
    refused(401, "invalid_client", { error_description: "a [31mb c" }),
  ],
  ["describes in an object", described({ text: "x" }), refused(401, "invalid_client")],
  ["describes in nothing", described(""), refused(401, "invalid_client")],
  [
    "echoes the token in the description of a failure",
    json({ error_description: "Down." }, { status: 503 }),
    failed(503, { error_description: "Down." }),
  ],
]);

/** The table of answers. */
export const answerCases: readonly TokenCase[] = [
  ...lifetimes,
  ...tokenTypes,
  ...tokens,
  ...scopes,
  ...refusals,
  ...bareFailures,
  ...retryAfters,
  ...unusable,
  ...oddJson,
  ...descriptions,
];

function utf16(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint16Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
}

function brokenUtf8(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text.replace(planted.body, "~"));
  bytes[bytes.lastIndexOf(0x7e)] = 0xff;
  return bytes;
}

function many(write: (index: number) => string): string {
  return Array.from({ length: 50_000 }, (_, index) => write(index)).join("");
}
