/**
 * What a token endpoint may say, how its answer may come, or not come, and how one exchange with it must end.
 *
 * @module
 */

import { encodeBase64Url } from "@std/encoding/base64url";
import type { Behaviour } from "../servers/fault_server.ts";
import { answer, chunk, chunkedHead, gzipped, halfway, head, html } from "./behaviours.ts";
import { json, jsonText, raw, redirect, steps } from "./behaviours.ts";
import { planted, quotedSecret } from "./planted.ts";
import type { End, Failure, GoodToken } from "./token_end.ts";

export interface TokenCase {
  /** A sentence: what the token endpoint does. */
  name: string;
  /** `here` is the token endpoint's origin; `elsewhere` is another, which nothing may reach. */
  behaviour: Behaviour | ((places: { here: string; elsewhere: string }) => Behaviour);
  end: End;
  /** The exchange's deadline, in milliseconds. Default: 2,000. */
  timeout?: number | undefined;
  /** Whether the client must break the connection off when it is done. Default: `false`. */
  hangsUp?: boolean;
}

type Special = Pick<TokenCase, "timeout" | "hangsUp">;
/** A case in short. Where no end is given, it is the usual one of its like. */
type Row = [name: string, behaviour: TokenCase["behaviour"], end?: End | undefined, special?: Special];

function cases(rows: Row[], usualEnd: End, usual: Special = {}): TokenCase[] {
  return rows.map(([name, behaviour, end = usualEnd, special = end === usualEnd ? usual : {}]) => ({
    ...{ name, behaviour, end, ...special },
  }));
}

const { token: accessToken } = planted;
const usual = { access_token: accessToken, token_type: "Bearer", expires_in: 3600, note: planted.body };
const usualText = JSON.stringify(usual);
const hour = 3_600_000;

function good(over: Partial<GoodToken> = {}): GoodToken {
  return { accessToken, lifetime: hour, ...over };
}

const invalid = (status = 200): Failure => ({ code: "invalid_response", status, retryable: false });
export const network: Failure = { code: "network_error", retryable: true };
export const late: Failure = { code: "timeout", retryable: true };
const unsupported: Failure = { code: "unsupported_token_type", status: 200, retryable: false };
const failed = (status: number, over: Partial<Failure> = {}): Failure => ({
  ...{ code: "token_endpoint_error", status, retryable: true, ...over },
});
/** A permanent failure without an OAuth error code: a wrong URL, mostly. */
const wrong = (status: number, over: Partial<Failure> = {}) => failed(status, { retryable: false, ...over });
const refused = (status: number, error: string, over: Partial<Failure> = {}): Failure => ({
  ...{ code: "token_request_rejected", status, error, retryable: false, ...over },
});

/** The usual answer with some members replaced, or others before it. */
const also = (members: Record<string, unknown>) => json({ ...usual, ...members });
const after = (members: string) => jsonText(`{${members},${usualText.slice(1)}`);
const typed = (type: string, body = "<p>") => answer(body, { headers: { "content-type": type } });
const show = (value: unknown) => JSON.stringify(value) ?? "undefined";
const oauthError = (error: unknown, status: number, more = {}) =>
  json({ error, note: planted.body, ...more }, { status });
const challenged = (challenge: string) => ({ status: 401, headers: { "www-authenticate": challenge } });

const now = Math.floor(Date.now() / 1000);
const saysExpiresIn = (literal: string, seconds?: number): Row => [
  `says expires_in is ${literal}`,
  jsonText(`{"access_token":"${accessToken}","expires_in":${literal}}`),
  good({ lifetime: seconds === undefined ? undefined : seconds * 1_000 }),
];
const unusableSeconds = [
  ...["null", '""', "-3600", '"-1"', "1e308", "1e999", '"NaN"', '"Infinity"', '"0x10"', '"an hour"'],
  ...["true", "[3600]", '{"seconds":3600}', "1800000000", "1800000000000"],
];

/** An answer with a JWT that says nothing of its lifetime but by its claims. */
function claiming(what: string, claims: unknown, lifetime?: number): Row {
  const token = `${encodeBase64Url('{"alg":"none"}')}.${encodeBase64Url(JSON.stringify(claims))}.c2ln`;
  return [`gives a JWT ${what}`, json({ access_token: token }), good({ accessToken: token, lifetime })];
}

const lifetimes = cases([
  ...["0", "-0", "3599.5", "3.6e3", "1", "3600"].map((literal) => saysExpiresIn(literal, Number(literal))),
  ...['"3599"', '"3599.5"', '" 3600 "'].map((literal) => saysExpiresIn(literal, Number(JSON.parse(literal)))),
  ...unusableSeconds.map((literal) => saysExpiresIn(literal)),
  ["says nothing of a lifetime", json({ access_token: accessToken, token_type: "Bearer" })],
  claiming("of ten minutes", { iat: now, exp: now + 600 }, 600_000),
  claiming("of times long past: only their difference counts", { iat: 1_000, exp: 1_090 }, 90_000),
  claiming("whose exp is text", { exp: "tomorrow" }),
  claiming("whose claims are null", null),
], good({ lifetime: undefined }));

const saysType = (type: unknown, end: End): Row => [`says token_type ${show(type)}`, also({ token_type: type }), end];
const types: unknown[] = ["mac", "DPoP", "N_A", "Bearer Bearer", "", 1, { bearer: true }, { toString: 1 }];
const tokenTypes = cases([
  ...["bearer", "BEARER", undefined, null].map((type) => saysType(type, good())),
  ...types.map((type) => saysType(type, unsupported)),
], good());

const visible = ["00D!AQ4", "a:b|c%d,e", `"${accessToken}"`, "=="];
const unusableTokens = [
  ...[`${accessToken}\r\nx-injected: 1`, `${accessToken}\n`, "planted token", "planted\ttoken", "planted\0token"],
  ...["tökén", "токен", "a\ud800b", `Bearer ${accessToken}`, "", "   "],
  ...[undefined, null, 12345, true, [accessToken], { token: accessToken }],
];
const givesToken = (what: string, token: unknown, end?: End): Row => [what, also({ access_token: token }), end];
const tokens = cases([
  ...visible.map((text) => givesToken(`gives the visible characters ${show(text)}`, text, good({ accessToken: text }))),
  ...unusableTokens.map((token) => givesToken(`gives ${show(token)} for a token`, token)),
  ["gives the token one level down", json({ data: usual })],
  ["gives the token in camelCase", json({ accessToken, tokenType: "Bearer" })],
  ["gives an ID token only", json({ id_token: accessToken, token_type: "Bearer" })],
], invalid());

const scopes = cases([
  ["gives a narrower scope", also({ scope: "a" }), good({ scope: "a" })],
  ["gives an empty scope", also({ scope: "" }), good({ scope: "" })],
  ["gives the scope as an array", also({ scope: ["a", "b"] })],
  ["gives null for the scope", also({ scope: null })],
  ["gives an unexpected refresh token", also({ refresh_token: accessToken }), good({ refreshToken: accessToken })],
  ["gives an object for the refresh token", also({ refresh_token: {} })],
], good());

function refuses(status: number, error: string): Row {
  return [`answers ${status} ${error}`, oauthError(error, status), refused(status, error)];
}

function fails(status: number, error: string): Row {
  return [`says ${error} in a ${status}`, oauthError(error, status), failed(status, { error })];
}

const refused400 = [
  ...["invalid_client", "invalid_request", "invalid_scope", "invalid_grant", "invalid_target", "unauthorized_client"],
  ...["unsupported_grant_type", "scope_invalid", "authorization_type_invalid"],
];
const client = refused(401, "invalid_client");
const described400 = wrong(400, { error_description: "Bad Request" });
const described200 = { ...invalid(), error_description: "Not Found" };

const refusals = cases([
  ...refused400.map((error) => refuses(400, error)),
  ...[refuses(401, "invalid_client"), refuses(401, "unauthorized_client"), refuses(403, "access_denied")],
  ...[refuses(404, "other_error"), refuses(200, "invalid_client"), refuses(501, "unsupported_grant_type")],
  ["refuses beside a token", also({ error: "invalid_scope" }), refused(200, "invalid_scope")],
  ["refuses as text/plain", answer('{"error":"invalid_client"}', { status: 401 }), client],
  ["refuses with a challenge of another scheme", json({ error: "invalid_client" }, challenged('Vendor "x')), client],
  ...[fails(400, "server_error"), fails(500, "server_error"), fails(200, "temporarily_unavailable")],
  ...[fails(400, "slow_down"), fails(429, "invalid_client")],
  ["says an error of two words in a 400", oauthError("Bad Request", 400), described400],
  ["says an error of two words in a 200", oauthError("Not Found", 200), described200],
  ["says an error as an object in a 400", oauthError({ code: 7 }, 400), wrong(400)],
  ["says an error as an object in a 200", also({ error: { code: 7 } }), invalid()],
  ["says error null beside a token", also({ error: null })],
  ["says an empty error beside a token", also({ error: "" })],
  ["says an error of 5,000 letters", oauthError("a".repeat(5_000), 400), wrong(400)],
], good());

const page = (status: number) => html(status, planted.body);
function givesPage(status: number, end: End): Row {
  return [`answers ${status} with a page`, page(status), end];
}

const bareFailures = cases([
  ...[408, 425, 429, 500, 502, 503, 504, 520, 599, 799].map((status) => givesPage(status, failed(status))),
  ...[400, 403, 404, 405, 407, 410, 418, 501].map((status) => givesPage(status, wrong(status))),
  ["answers 401 with a page", page(401)],
  ["answers 401 with plain text", answer("Bad credentials", { status: 401 })],
  ["answers 401 with other JSON", json({ message: "Unauthorized" }, { status: 401 })],
  ["answers 401 with a Basic challenge", answer("", challenged('Basic realm="x"'))],
  ["answers 403 with nothing", answer("", { status: 403 }), wrong(403)],
  ["answers 502 with half a JSON object", jsonText(usualText.slice(0, 40), { status: 502 }), failed(502)],
  ["answers 500 with a token", json(usual, { status: 500 }), failed(500)],
], client);

function saysRetryAfter(what: string, text: string, least?: number, most = least, status = 503): Row {
  const end = failed(status, least === undefined || most === undefined ? {} : { retryAfter: [least, most] });
  return [`says Retry-After ${what}`, json({}, { status, headers: { "retry-after": text } }), end];
}

const date = (seconds: number) => new Date(Date.now() + seconds * 1000).toUTCString();
const retryAfters = cases([
  saysRetryAfter("in seconds", "7", 7_000),
  saysRetryAfter("in a 429", "7", 7_000, 7_000, 429),
  saysRetryAfter("0", "0", 0),
  saysRetryAfter("as a date", date(60), 40_000, 60_000),
  saysRetryAfter("as a date gone by", date(-60), 0),
  saysRetryAfter("in a fraction", "1.5", 1_500),
  ...["-7", "in a while", "3, 7", ""].map((text) => saysRetryAfter(show(text), text)),
  saysRetryAfter("of 100 digits", "9".repeat(100), hour, Number.MAX_VALUE),
  saysRetryAfter("of 400 digits", "9".repeat(400), hour, Number.MAX_VALUE),
  saysRetryAfter("of 60,000 letters", "a".repeat(60_000)),
], good());

const unusable = cases([
  ["answers 200 with a page", page(200)],
  ["answers 200 with a page of 900,000 letters", html(200, "x".repeat(900_000))],
  ["answers 200 with nothing", answer("")],
  ["answers 200 with nothing, as JSON", jsonText("")],
  ["answers 204", raw("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n"), invalid(204)],
  ["answers 200 with a form", answer(`access_token=${accessToken}&token_type=bearer`)],
  ["answers 200 with a bare token", answer(accessToken)],
  ["answers 201 with a token", json(usual, { status: 201 }), good()],
  ["announces a token as text/html", typed("text/html", usualText), good()],
  ["announces a token as nothing", answer(usualText), good()],
  ["announces its page as a type of 9,000 letters", typed(`text/${"x".repeat(9_000)}`)],
], invalid());

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const many = Array.from({ length: 50_000 }, (_, index) => `"k${index}":${index}`).join();
const values = ["[]", "null", "true", "42", '""', `"${accessToken}"`, `[${usualText}]`];
const oddJson = cases([
  ...values.map((text): Row => [`answers the JSON value ${text.slice(0, 5)}`, jsonText(text)]),
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
  ["announces UTF-8 as ISO-8859-1", typed("application/json; charset=iso-8859-1", usualText), good()],
  ["answers bytes that are no UTF-8", jsonText(Uint8Array.of(0x7b, 0xff, 0xfe, 0x00, 0x7d))],
  ["has broken UTF-8 in an ignored field", jsonText(breakUtf8(usualText)), good()],
  ["answers with a key twice: the last one counts", after('"access_token":"a b"'), good()],
  ["answers with a key twice: the last one is bad", jsonText(`${usualText.slice(0, -1)},"access_token":"a b"}`)],
  ["answers arrays in arrays, 100,000 deep", jsonText(nested(100_000))],
  ["answers objects in objects, 50,000 deep", jsonText(`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`)],
  ["has a deep array in an ignored field", after(`"x":${nested(50_000)}`), good()],
  ["has a deep array for token_type", jsonText(`{"access_token":"t","token_type":${nested(50_000)}}`), unsupported],
  ["has a deep array for the token", jsonText(`{"access_token":${nested(50_000)}}`)],
  ["hides the token under __proto__", jsonText(`{"__proto__":${usualText}}`)],
  ["hides an error under __proto__", after('"__proto__":{"error":"invalid_client"}'), good()],
  ["has keys of Object.prototype", after('"toString":1,"constructor":2'), good()],
  ["has 50,000 keys", after(many), good()],
], invalid());

const described = (error_description: unknown) => oauthError("invalid_client", 401, { error_description });
const redacted = (error_description: string) => refused(401, "invalid_client", { error_description });
const withUri = { error_uri: `https://x.test/?${planted.secret}` };
const quoting = challenged(`Basic realm="${quotedSecret["form-encoded"]}"`);
const secretAsError = json({ error: planted.secret }, { status: 400 });
const down = { error_description: "Down." };

/** Those that may quote a secret. */
export const descriptions = cases([
  ...Object.entries(quotedSecret).map(([form, text]): Row => [
    `quotes the secret ${form} in error_description`,
    described(`The secret ${text} is wrong.`),
    redacted("The secret [redacted] is wrong."),
  ]),
  ["quotes the secret in error", secretAsError, wrong(400, { error_description: "[redacted]" })],
  ["quotes the secret in error_uri", oauthError("invalid_client", 401, withUri)],
  ["quotes the secret in a header", json({ error: "invalid_client" }, quoting)],
  ["quotes the secret in the media type", typed(`text/${quotedSecret["in base64"]}`), invalid()],
  ["describes in 100,000 letters", described("e".repeat(100_000)), redacted("e".repeat(300))],
  ["describes in control characters", described("a\r\n\u001b[31mb\u0007\u202ec"), redacted("a [31mb c")],
  ["describes in an object", described({ text: "x" })],
  ["describes in nothing", described("")],
  ["describes a failure", json(down, { status: 503 }), failed(503, down)],
], client);

const kilobyte = "x".repeat(1_024);
const gzip = { headers: { "content-encoding": "gzip" } };
const hangsUp = { hangsUp: true };
const stalls = { timeout: 120, hangsUp: true };
const notFollowed = (status: number): Failure => ({ code: "redirect_refused", status, retryable: false });
const refreshing = (url: string) => ({ headers: { refresh: `0;url=${url}`, link: `<${url}>; rel=preload` } });
const neverEnds = ({ elsewhere: location }: { elsewhere: string }) =>
  steps({ send: head("", { status: 307, length: 100, headers: { location } }) }, "stall");

const targets = { "another origin": "elsewhere", "itself": "here" } as const;
const redirects = cases([
  ...[301, 302, 303, 307, 308].flatMap((status) =>
    Object.entries(targets).map(([what, place]): Row => {
      return [`redirects to ${what} by ${status}`, (at) => redirect(status, `${at[place]}/token`), notFollowed(status)];
    })
  ),
  ["redirects with no location", answer("", { status: 302 }), notFollowed(302)],
  ["redirects to a file", redirect(302, "file:///etc/hosts"), notFollowed(302)],
  ["answers 300 with choices", html(300, planted.body), notFollowed(300)],
  ["answers 304", raw("HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n"), notFollowed(304)],
  ["redirects by a Refresh header and a Link", ({ elsewhere }) => json(usual, refreshing(elsewhere))],
  ["redirects, and never ends the redirect's body", neverEnds, notFollowed(307), hangsUp],
], good());

const ok = "HTTP/1.1 200 OK\r\n";
const proceed = "HTTP/1.1 100 Continue\r\n\r\n";
const hints = "HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n";
const switching = "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n";
const whole = head(usualText) + usualText;
const status = (code: string) => raw(whole.replace("200", code));
const headers = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "y"]));
const short = usualText.length - 5;
const long = usualText.length + 5;
const [start, rest] = [chunk(usualText.slice(0, 9)), chunk(usualText.slice(9))];

const oddHttp = cases([
  ["speaks HTTP/1.0", answer(usualText, { version: "HTTP/1.0" }), good()],
  ["speaks HTTP/1.0 without a length", answer(usualText, { version: "HTTP/1.0", length: null }), good()],
  ["speaks HTTP/1.1 without a length", answer(usualText, { length: null }), good()],
  ["speaks HTTP/0.9", raw(usualText)],
  ["claims to speak HTTP/2.0", answer(usualText, { version: "HTTP/2.0" })],
  ["claims to speak HTTP/1.7", answer(usualText, { version: "HTTP/1.7" })],
  ["answers in lines that end in LF alone", raw(`HTTP/1.1 200 OK\ncontent-length: 2\n\n{}`), invalid()],
  ["answers without a reason", raw(head(usualText).replace(" Whatever", ""), usualText), good()],
  ...["42", "1000", "-200"].map((code): Row => [`answers with status ${code}`, status(code)]),
  ["answers 100 Continue first", raw(proceed, whole), good()],
  ["answers 103 Early Hints first", raw(hints, whole), good()],
  ["answers 100 Continue and no more", raw(proceed)],
  ["answers 100 Continue without end", steps({ flood: proceed, times: 50 }, "stall"), late, stalls],
  ["switches protocols", raw(switching), wrong(101)],
  ["has a header line without a colon", raw(`${ok}nonsense\r\n\r\n${usualText}`)],
  ["has a header line with a blank name", raw(`${ok}: x\r\n\r\n${usualText}`)],
  ["has a header name with spaces", raw(`${ok}a b: x\r\n\r\n${usualText}`)],
  ["has a NUL in a header", raw(`${ok}x: a\0b\r\n\r\n${usualText}`)],
  ["has a header outside ASCII", answer(usualText, { headers: { "x-näme": "ü" } })],
  ["has a header's value outside ASCII", answer(usualText, { headers: { x: "ü" } }), good()],
  ["has 1,000 headers", answer(usualText, { headers: headers(1_000) })],
  ["has a header of 1 MiB", answer(usualText, { headers: { x: "y".repeat(1_048_576) } })],
  ["says two lengths", raw(`${ok}content-length: 5\r\ncontent-length: 6\r\n\r\n${usualText}`)],
  ["says a length that is no number", answer(usualText, { length: "many" })],
  ["says a negative length", answer(usualText, { length: -5 })],
  ["says a length that is too short", answer(usualText, { length: short }), invalid()],
  ["says a length that is too long", answer(usualText, { length: long })],
  ["says one too long, and stalls", steps({ send: head("", { length: long }) + usualText }, "stall"), late, stalls],
  ["answers in chunks", raw(chunkedHead(), start, rest, chunk("")), good()],
  ["answers in chunks with a trailer", raw(chunkedHead(), chunk(usualText), "0\r\nx: y\r\n\r\n"), good()],
  ["answers in chunks without the last", raw(chunkedHead(), chunk(usualText))],
  ["answers in chunks of nonsense sizes", raw(chunkedHead(), `zz\r\n${usualText}\r\n0\r\n\r\n`)],
  ["answers in a chunk that is too long for its size", raw(chunkedHead(), `5\r\n${usualText}\r\n0\r\n\r\n`)],
  ["answers in a chunk of a size beyond 64 bits", raw(chunkedHead(), `${"f".repeat(17)}\r\n${usualText}`)],
  ["says it is gzip, and isn't", jsonText(usualText, gzip)],
  ["says it is in an unknown encoding", jsonText(usualText, { headers: { "content-encoding": "zip" } }), good()],
  ["answers in gzip", jsonText(await gzipped(usualText), gzip), good()],
  ["answers in gzip, cut off", jsonText((await gzipped(usualText)).slice(0, -12), gzip)],
], network);

const speaks = (send: string | Uint8Array<ArrayBuffer>) => ({ unread: true, steps: [{ send }] });
const connections = cases([
  ["closes without an answer", steps()],
  ["closes in the status line", raw("HTTP/1.1 2")],
  ["closes in the headers", raw(`${ok}content-le`)],
  ["closes in the body", halfway(usualText, { wait: 0 })],
  ["resets without an answer", steps("reset")],
  ["resets in the headers", steps({ send: `${ok}content-le` }, "reset")],
  ["resets in the body", halfway(usualText, "reset")],
  ["resets in a chunked body", steps({ send: chunkedHead() + chunk(usualText) }, "reset")],
  ["resets after the whole answer", steps({ send: whole }, "reset"), good()],
  ["hangs up before it has read the request", { unread: true, steps: ["reset"] }],
  ["speaks SSH", speaks("SSH-2.0-OpenSSH_9.6\r\n")],
  ["speaks TLS", speaks(Uint8Array.of(21, 3, 1, 0, 2, 2, 70))],
  ["speaks SMTP", speaks("220 mail.test ESMTP\r\n")],
  ["answers twice in one connection", raw(whole, head("{}"), "{}"), good()],
], network);

const slow = cases(
  [
    ["stalls before the headers", steps("stall")],
    ["stalls before it has read the request", { unread: true, steps: ["stall"] }],
    ["stalls in the status line", steps({ send: "HTTP/1.1 20" }, "stall")],
    ["stalls in the headers", steps({ send: `${ok}x: y\r\n` }, "stall")],
    ["stalls before the body", steps({ send: head(usualText) }, "stall")],
    ["stalls in the body", halfway(usualText, "stall")],
    ["stalls in a chunk", steps({ send: `${chunkedHead()}ff\r\n{` }, "stall")],
    ["stalls in the body of a 500", halfway(usualText, "stall", { status: 500 })],
    ["stalls in a body of gzip", halfway(await gzipped(usualText), "stall", gzip)],
    ["stalls after the whole answer", steps({ send: whole }, { wait: 100 }), good()],
    ["drips headers, too slowly", steps({ drip: head(usualText), every: 20 })],
    ["drips the body, too slowly", steps({ send: head(usualText) }, { drip: usualText, every: 20 })],
    ["drips everything, in time", steps({ drip: whole, every: 1 }), good()],
    ["takes its time, but not too much", steps({ wait: 100 }, { send: whole }), good()],
  ],
  late,
  stalls,
);

const big: Failure = { code: "response_too_large", status: 200, retryable: false };
const fits = `${" ".repeat(1_048_576 - usualText.length)}${usualText}`;
const flood = (start: string, times: number, flood = kilobyte) => steps({ send: start }, { flood, times });
const longToken = "x".repeat(100_000);
const failing = head("", { status: 500, length: 2_097_152 });

const sizes = cases([
  ["answers exactly 1 MiB", jsonText(fits), good()],
  ["answers 1 MiB and a byte", jsonText(` ${fits}`)],
  ["answers 8 MiB", flood(head("", { length: 8_388_608 }), 8_192), big, hangsUp],
  ["answers without an end", flood(head("", { length: null }), 65_536), big, hangsUp],
  ["answers in chunks without an end", flood(chunkedHead(), 65_536, chunk(kilobyte)), big, hangsUp],
  ["answers a page of 2 MiB with a 500", flood(failing, 2_048), { ...big, status: 500 }],
  ["answers 2 MiB that gzip made small", answer(await gzipped(usualText, 2_097_152), gzip)],
  ["answers a bomb: 32 MiB that gzip made small", answer(await gzipped("", 33_554_432), gzip)],
  ["answers 1 MiB of broken UTF-8", answer(new Uint8Array(1_048_576).fill(0xff)), invalid()],
  ["gives a token of 100,000 letters", also({ access_token: longToken }), good({ accessToken: longToken })],
  ["sends headers without an end", flood(ok, 65_536, `x: ${kilobyte}\r\n`), network, hangsUp],
], big);

/** Rows that depend on the platform's HTTP, or on the time that has passed since they were made. */
const special = [
  ...["gives a JWT of ten minutes", "says Retry-After as a date", "says Retry-After of 60,000 letters"],
  ...["answers 407 with a page", "answers 799 with a page", "closes in the headers", "resets in a chunked body"],
];
const groups = [
  ...[lifetimes, tokenTypes, tokens, scopes, refusals, bareFailures, retryAfters, unusable, oddJson, descriptions],
  ...[redirects, connections, slow, sizes],
];
/** Those that end alike on all runtimes. */
export const portableCases = groups.flat().filter(({ name }) => !special.includes(name));
export const tokenCases: readonly TokenCase[] = [...groups, oddHttp].flat();

function encodeUtf16(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Uint16Array.from(text, (letter) => letter.charCodeAt(0)).buffer);
}

function breakUtf8(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text.replace(planted.body, "~"));
  bytes[bytes.lastIndexOf(0x7e)] = 0xff;
  return bytes;
}
