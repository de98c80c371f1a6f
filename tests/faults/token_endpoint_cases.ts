/**
 * What a token endpoint may say, and how one exchange with it must end.
 *
 * @module
 */

import { encodeBase64Url } from "@std/encoding/base64url";
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
  unsupported,
  usual,
  usualText,
  wrong,
} from "./token_case.ts";

/** The usual answer with some members replaced. */
const also = (members: Record<string, unknown>) => json({ ...usual, ...members });
const expiresIn = (literal: string) => jsonText(`{"access_token":"${accessToken}","expires_in":${literal}}`);
const oauthError = (error: unknown, status: number, more = {}) =>
  json({ error, note: planted.body, ...more }, { status });
const described = (description: unknown) => oauthError("invalid_client", 401, { error_description: description });
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const show = (value: unknown) => JSON.stringify(value) ?? "undefined";

function jwt(claims: unknown): string {
  return `${encodeBase64Url('{"alg":"none"}')}.${encodeBase64Url(JSON.stringify(claims))}.c2ln`;
}

/** An answer with a JWT that says nothing of its lifetime but by its claims. */
function claiming(name: string, claims: unknown, lifetime?: number): Row {
  const token = jwt(claims);
  return [`gives a JWT ${name}`, json({ access_token: token }), good({ accessToken: token, lifetime })];
}

const now = Math.floor(Date.now() / 1000);
const unknown = good({ lifetime: undefined });
const seconds = {
  0: 0,
  "-0": 0,
  '"3599"': 3599,
  "3599.5": 3599.5,
  '"3599.5"': 3599.5,
  '" 3600 "': 3600,
  "3.6e3": 3600,
  1: 1,
  3600: 3600,
};
const unusableSeconds = [
  ...["null", '""', "-3600", '"-1"', "1e308", "1e999", '"NaN"', '"Infinity"', '"0x10"', '"an hour"'],
  ...["true", "[3600]", '{"seconds":3600}', String(now + 3600), `${now}000`],
];

const lifetimes = category("lifetime", [
  ...Object.entries(seconds).map(([literal, lifetime]): Row => [
    `says expires_in is ${literal}`,
    expiresIn(literal),
    good({ lifetime: lifetime * 1_000 }),
  ]),
  ...unusableSeconds.map((literal): Row => [`says expires_in is ${literal}`, expiresIn(literal)]),
  ["says nothing of a lifetime", json({ access_token: accessToken, token_type: "Bearer" })],
  claiming("of ten minutes", { iat: now, exp: now + 600 }, 600_000),
  claiming("whose exp is text", { exp: "tomorrow" }),
  claiming("whose claims are null", null),
], unknown);

const tokenTypes = category("token type", [
  ...["bearer", "BEARER", undefined, null].map((type): Row => [
    `says token_type ${show(type)}`,
    also({ token_type: type }),
    good(),
  ]),
  ...["mac", "DPoP", "N_A", "Bearer Bearer", "", 1, { bearer: true }, { toString: 1 }].map((type): Row => [
    `says token_type ${show(type)}`,
    also({ token_type: type }),
  ]),
], unsupported);

const unusableTokens = [
  ...[`${accessToken}\r\nx-injected: 1`, `${accessToken}\n`, "planted token", "planted\ttoken", "planted\0token"],
  ...["tökén", "токен", "a\ud800b", `Bearer ${accessToken}`, "", "   "],
  ...[undefined, null, 12345, true, [accessToken], { token: accessToken }],
];

const tokens = category("token", [
  ...["00D!AQ4", "a:b|c%d,e", `"${accessToken}"`, "=="].map((token): Row => [
    `gives the visible characters ${show(token)}`,
    also({ access_token: token }),
    good({ accessToken: token }),
  ]),
  ...unusableTokens.map((token): Row => [`gives ${show(token)} for a token`, also({ access_token: token })]),
  ["gives the token one level down", json({ data: usual })],
  ["gives the token in camelCase", json({ accessToken, tokenType: "Bearer" })],
  ["gives an ID token only", json({ id_token: accessToken, token_type: "Bearer" })],
], invalid());

const scopes = category("scope", [
  ["gives a narrower scope", also({ scope: "a" }), good({ scope: "a" })],
  ["gives an empty scope", also({ scope: "" }), good({ scope: "" })],
  ["gives the scope as an array", also({ scope: ["a", "b"] })],
  ["gives null for the scope", also({ scope: null })],
  ["gives an unexpected refresh token", also({ refresh_token: accessToken })],
  ["gives an object for the refresh token", also({ refresh_token: {} })],
]);

const refused400 = [
  ...["invalid_client", "invalid_request", "invalid_scope", "invalid_grant", "invalid_target", "unauthorized_client"],
  ...["unsupported_grant_type", "scope_invalid", "authorization_type_invalid"],
];
const refusedOtherwise = {
  "401 invalid_client": 401,
  "401 unauthorized_client": 401,
  "403 access_denied": 403,
  "404 other_error": 404,
  "200 invalid_client": 200,
  "501 unsupported_grant_type": 501,
};

const refusals = category("refusal", [
  ...refused400.map((error): Row => [`answers 400 ${error}`, oauthError(error, 400), refused(400, error)]),
  ...Object.entries(refusedOtherwise).map(([name, status]): Row => [
    `answers ${name}`,
    oauthError(name.slice(4), status),
    refused(status, name.slice(4)),
  ]),
  ["refuses beside a token", also({ error: "invalid_scope" }), refused(200, "invalid_scope")],
  ["refuses as text/plain", answer('{"error":"invalid_client"}', { status: 401 }), refused(401, "invalid_client")],
  [
    "refuses with a challenge of another scheme",
    json({ error: "invalid_client" }, { status: 401, headers: { "www-authenticate": 'Vendor "x' } }),
    refused(401, "invalid_client"),
  ],
  ...([[400, "server_error"], [200, "temporarily_unavailable"], [400, "slow_down"], [429, "invalid_client"]] as const)
    .map((
      [status, error],
    ): Row => [`says ${error} in a ${status}`, oauthError(error, status), failed(status, { error })]),
  ["says an error of two words in a 400", oauthError("Bad Request", 400), {
    ...wrong(400),
    error_description: "Bad Request",
  }],
  ["says an error of two words in a 200", oauthError("Not Found", 200), {
    ...invalid(),
    error_description: "Not Found",
  }],
  ["says an error as an object in a 400", oauthError({ code: 7 }, 400), wrong(400)],
  ["says an error as an object in a 200", also({ error: { code: 7 } }), invalid()],
  ["says error null beside a token", also({ error: null })],
  ["says an empty error beside a token", also({ error: "" })],
  ["says an error of 5,000 letters", oauthError("a".repeat(5_000), 400), wrong(400)],
]);

const page = (status: number) => html(status, planted.body);

const bareFailures = category("failure without an OAuth code", [
  ...[408, 425, 429, 500, 502, 503, 504, 520, 599, 799].map((status): Row => [
    `answers ${status} with a page`,
    page(status),
    failed(status),
  ]),
  ...[400, 403, 404, 405, 407, 410, 418, 501].map((status): Row => [
    `answers ${status} with a page`,
    page(status),
    wrong(status),
  ]),
  ["answers 401 with a page", page(401)],
  ["answers 401 with plain text", answer("Bad credentials", { status: 401 })],
  ["answers 401 with other JSON", json({ message: "Unauthorized" }, { status: 401 })],
  [
    "answers 401 with a Basic challenge",
    answer("", { status: 401, headers: { "www-authenticate": 'Basic realm="x"' } }),
  ],
  ["answers 403 with nothing", answer("", { status: 403 }), wrong(403)],
  ["answers 502 with half a JSON object", jsonText(usualText.slice(0, 40), { status: 502 }), failed(502)],
  ["answers 500 with a token", json(usual, { status: 500 }), failed(500)],
], refused(401, "invalid_client"));

function after(what: string, text: string, retryAfter?: number | [number, number], status = 503): Row {
  const end = failed(status, retryAfter === undefined ? {} : { retryAfter });
  return [`says Retry-After ${what}`, json({}, { status, headers: { "retry-after": text } }), end];
}

const date = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();
const retryAfters = category("Retry-After", [
  after("in seconds", "7", 7_000),
  after("in a 429", "7", 7_000, 429),
  after("0", "0", 0),
  after("as a date", date(60), [40_000, 60_000]),
  after("as a date gone by", date(-60), 0),
  after("in a fraction", "1.5", 1_500),
  ...["-7", "in a while", "3, 7", ""].map((text) => after(show(text), text)),
  after("of 100 digits", "9".repeat(100), [hour, Number.MAX_VALUE]),
  after("of 400 digits", "9".repeat(400), [hour, Number.MAX_VALUE]),
  after("of 60,000 letters", "a".repeat(60_000)),
]);

const typed = (body: string, type: string) => answer(body, { headers: { "content-type": type } });

const unusable = category("unusable answer", [
  ["answers 200 with a page", page(200)],
  ["answers 200 with a page of 900,000 letters", html(200, "x".repeat(900_000))],
  ["answers 200 with nothing", answer("")],
  ["answers 200 with nothing, as JSON", jsonText("")],
  ["answers 204", raw("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"), invalid(204)],
  ["answers 200 with a form", answer(`access_token=${accessToken}&token_type=bearer`)],
  ["answers 200 with a bare token", answer(accessToken)],
  ["answers 201 with a token", json(usual, { status: 201 }), good()],
  ["announces a token as text/html", typed(usualText, "text/html"), good()],
  ["announces a token as nothing", answer(usualText), good()],
  ["announces its page as a type of 9,000 letters", typed("<p>", `text/${"x".repeat(9_000)}`)],
], invalid());

const many = Array.from({ length: 50_000 }, (_, index) => `"k${index}":${index},`).join("");

const oddJson = category("JSON", [
  ...["[]", "null", "true", "42", '""', `"${accessToken}"`, `[${usualText}]`].map((text): Row => [
    `answers the JSON value ${text.slice(0, 5)}`,
    jsonText(text),
  ]),
  ["answers an empty object", jsonText("{}")],
  ["answers JSON cut off", jsonText(usualText.slice(0, -1))],
  ["answers JSON with something after it", jsonText(`${usualText} ok`)],
  ["answers JSON twice", jsonText(usualText + usualText)],
  ["answers JSON in single quotes", jsonText(usualText.replaceAll('"', "'"))],
  ["answers JSON with a comma too many", jsonText(usualText.replace("}", ",}"))],
  ["answers JSON with a guard before it", jsonText(`)]}',\n${usualText}`)],
  ["answers JSON with blanks around it", jsonText(`\r\n\t ${usualText}\n\n`), good()],
  ["answers JSON with a byte order mark", jsonText(`\ufeff${usualText}`), good()],
  ["answers JSON in UTF-16", jsonText(encodeUtf16(usualText))],
  ["announces UTF-8 as ISO-8859-1", typed(usualText, "application/json; charset=iso-8859-1"), good()],
  ["answers bytes that are no UTF-8", jsonText(Uint8Array.of(0x7b, 0xff, 0xfe, 0x00, 0x7d))],
  ["has broken UTF-8 in an ignored field", jsonText(breakUtf8(usualText)), good()],
  ["answers with a key twice: the last one counts", jsonText(`{"access_token":"a b",${usualText.slice(1)}`), good()],
  ["answers with a key twice: the last one is bad", jsonText(`${usualText.slice(0, -1)},"access_token":"a b"}`)],
  ["answers arrays in arrays, 100,000 deep", jsonText(nested(100_000))],
  ["answers objects in objects, 50,000 deep", jsonText(`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`)],
  ["has a deep array in an ignored field", jsonText(`{"x":${nested(50_000)},${usualText.slice(1)}`), good()],
  ["has a deep array for token_type", jsonText(`{"access_token":"t","token_type":${nested(50_000)}}`), unsupported],
  ["has a deep array for the token", jsonText(`{"access_token":${nested(50_000)}}`)],
  ["hides the token under __proto__", jsonText(`{"__proto__":${usualText}}`)],
  ["hides an error under __proto__", jsonText(`{"__proto__":{"error":"invalid_client"},${usualText.slice(1)}`), good()],
  ["has keys of Object.prototype", jsonText(`{"toString":1,"constructor":2,${usualText.slice(1)}`), good()],
  ["has 50,000 keys", jsonText(`{${many}${usualText.slice(1)}`), good()],
], invalid());

const redacted = (error_description: string) => refused(401, "invalid_client", { error_description });
const quoting = { "www-authenticate": `Basic realm="${quotedSecret["form-encoded"]}"` };

const descriptions = category("description", [
  ...Object.entries(quotedSecret).map(([form, text]): Row => [
    `quotes the secret ${form} in error_description`,
    described(`The secret ${text} is wrong.`),
    redacted("The secret [redacted] is wrong."),
  ]),
  ["quotes the secret in error", json({ error: planted.secret }, { status: 400 }), {
    ...wrong(400),
    error_description: "[redacted]",
  }],
  [
    "quotes the secret in error_uri",
    oauthError("invalid_client", 401, { error_uri: `https://x.test/?${planted.secret}` }),
  ],
  ["quotes the secret in a header", json({ error: "invalid_client" }, { status: 401, headers: quoting })],
  ["quotes the secret in the media type", typed("<p>", `text/${quotedSecret["in base64"]}`), invalid()],
  ["describes in 100,000 letters", described("e".repeat(100_000)), redacted("e".repeat(300))],
  ["describes in control characters", described("a\r\n\u001b[31mb\u0007\u202ec"), redacted("a [31mb c")],
  ["describes in an object", described({ text: "x" })],
  ["describes in nothing", described("")],
  [
    "describes a failure",
    json({ error_description: "Down." }, { status: 503 }),
    failed(503, { error_description: "Down." }),
  ],
], refused(401, "invalid_client"));

/** The table of answers. */
export const answerCases: readonly TokenCase[] = [
  ...[lifetimes, tokenTypes, tokens, scopes, refusals, bareFailures, retryAfters, unusable, oddJson, descriptions],
].flat();

function encodeUtf16(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint16Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
}

function breakUtf8(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text.replace(planted.body, "~"));
  bytes[bytes.lastIndexOf(0x7e)] = 0xff;
  return bytes;
}
