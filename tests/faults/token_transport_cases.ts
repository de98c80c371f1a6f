/**
 * How a token endpoint's answer may come, or not come, and how one exchange with it must end.
 *
 * @module
 */

import { answer, chunk, chunkedHead, gzipped, halfway, head, html, json, jsonText } from "./behaviours.ts";
import { raw, redirect, steps } from "./behaviours.ts";
import { planted } from "./planted.ts";
import {
  category,
  type Failure,
  good,
  invalid,
  late,
  network,
  type Row,
  type TokenCase,
  usual,
  usualText,
} from "./token_case.ts";

const kilobyte = "x".repeat(1_024);
const gzip = { headers: { "content-encoding": "gzip" } };
const hangsUp = { hangsUp: true };
const stalls = { timeout: 120, hangsUp: true };
const notFollowed = (status: number): Failure => ({ code: "redirect_refused", status, retryable: false });

const redirects = category("redirect", [
  ...[301, 302, 303, 307, 308].flatMap((status): Row[] => [
    [
      `redirects to another origin by ${status}`,
      ({ elsewhere }) => redirect(status, `${elsewhere}/token`),
      notFollowed(status),
    ],
    [`redirects to itself by ${status}`, ({ here }) => redirect(status, `${here}/token`), notFollowed(status)],
  ]),
  ["redirects with no location", answer("", { status: 302 }), notFollowed(302)],
  ["redirects to a file", redirect(302, "file:///etc/hosts"), notFollowed(302)],
  ["answers 300 with choices", html(300, planted.body), notFollowed(300)],
  ["answers 304", raw("HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n"), notFollowed(304)],
  [
    "redirects to another origin by a Refresh header and a Link",
    ({ elsewhere }) => json(usual, { headers: { refresh: `0;url=${elsewhere}`, link: `<${elsewhere}>; rel=preload` } }),
  ],
  [
    "redirects, and never ends the redirect's body",
    ({ elsewhere }) =>
      steps({ send: head("", { status: 307, length: 100, headers: { location: elsewhere } }) }, "stall"),
    notFollowed(307),
    hangsUp,
  ],
]);

const ok = "HTTP/1.1 200 OK\r\n";
const status = (code: string) => raw(head(usualText).replace("200", code), usualText);
const headers = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "y"]));
const short = usualText.length - 5;
const long = usualText.length + 5;

const oddHttp = category("HTTP", [
  ["speaks HTTP/1.0", answer(usualText, { version: "HTTP/1.0" }), good()],
  ["speaks HTTP/1.0 without a length", answer(usualText, { version: "HTTP/1.0", length: null }), good()],
  ["speaks HTTP/1.1 without a length", answer(usualText, { length: null }), good()],
  ["speaks HTTP/0.9", raw(usualText)],
  ["claims to speak HTTP/2.0", answer(usualText, { version: "HTTP/2.0" })],
  ["claims to speak HTTP/1.7", answer(usualText, { version: "HTTP/1.7" })],
  ["answers in lines that end in LF alone", raw(`HTTP/1.1 200 OK\ncontent-length: 2\n\n{}`), invalid()],
  ["answers without a reason", raw(head(usualText).replace(" Whatever", ""), usualText), good()],
  ...["42", "1000", "-200"].map((code): Row => [`answers with status ${code}`, status(code)]),
  ["answers 100 Continue first", raw("HTTP/1.1 100 Continue\r\n\r\n", head(usualText), usualText), good()],
  [
    "answers 103 Early Hints first",
    raw("HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n", head(usualText), usualText),
    good(),
  ],
  ["answers 100 Continue and no more", raw("HTTP/1.1 100 Continue\r\n\r\n")],
  [
    "answers 100 Continue without end",
    steps({ flood: "HTTP/1.1 100 Continue\r\n\r\n", times: 50 }, "stall"),
    late,
    stalls,
  ],
  [
    "switches protocols",
    raw("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    { code: "token_endpoint_error", status: 101, retryable: false },
  ],
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
  [
    "says a length that is too long, and stalls",
    steps({ send: head(usualText, { length: long }) }, { send: usualText }, "stall"),
    late,
    stalls,
  ],
  ["answers in chunks", raw(chunkedHead(), chunk(usualText.slice(0, 9)), chunk(usualText.slice(9)), chunk("")), good()],
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

const connections = category("connection", [
  ["closes without an answer", steps()],
  ["closes in the status line", raw("HTTP/1.1 2")],
  ["closes in the headers", raw("HTTP/1.1 200 OK\r\ncontent-le")],
  ["closes in the body", halfway(usualText, { wait: 0 })],
  ["resets without an answer", steps("reset")],
  ["resets in the headers", steps({ send: "HTTP/1.1 200 OK\r\ncontent-le" }, "reset")],
  ["resets in the body", halfway(usualText, "reset")],
  ["resets in a chunked body", steps({ send: chunkedHead() + chunk(usualText) }, "reset")],
  ["resets after the whole answer", steps({ send: head(usualText) + usualText }, "reset"), good()],
  ["hangs up before it has read the request", { unread: true, steps: ["reset"] }],
  ["speaks SSH", { unread: true, steps: [{ send: "SSH-2.0-OpenSSH_9.6\r\n" }] }],
  ["speaks TLS", { unread: true, steps: [{ send: Uint8Array.of(21, 3, 1, 0, 2, 2, 70) }] }],
  ["speaks SMTP", { unread: true, steps: [{ send: "220 mail.test ESMTP\r\n" }] }],
  ["answers twice in one connection", raw(head(usualText), usualText, head("{}"), "{}"), good()],
], network);

const slow = category(
  "slow",
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
    ["stalls after the whole answer", steps({ send: head(usualText) + usualText }, { wait: 100 }), good()],
    ["drips headers, too slowly", steps({ drip: head(usualText), every: 20 })],
    ["drips the body, too slowly", steps({ send: head(usualText) }, { drip: usualText, every: 20 })],
    ["drips everything, in time", steps({ drip: head(usualText) + usualText, every: 1 }), good()],
    ["takes its time, but not too much", steps({ wait: 100 }, { send: head(usualText) + usualText }), good()],
  ],
  late,
  stalls,
);

const big: Failure = { code: "response_too_large", status: 200, retryable: false };
const fits = `${" ".repeat(1_048_576 - usualText.length)}${usualText}`;
const flood = (start: string, times: number, flood = kilobyte) => steps({ send: start }, { flood, times });
const accessToken = "x".repeat(100_000);

const sizes = category("size", [
  ["answers exactly 1 MiB", jsonText(fits), good()],
  ["answers 1 MiB and a byte", jsonText(` ${fits}`)],
  ["answers 8 MiB", flood(head("", { length: 8_388_608 }), 8_192), big, hangsUp],
  ["answers without an end", flood(head("", { length: null }), 65_536), big, hangsUp],
  ["answers in chunks without an end", flood(chunkedHead(), 65_536, chunk(kilobyte)), big, hangsUp],
  ["answers a page of 2 MiB with a 500", flood(head("", { status: 500, length: 2_097_152 }), 2_048), {
    ...big,
    status: 500,
  }],
  ["answers 2 MiB that gzip made small", answer(await gzipped(usualText, 2_097_152), gzip)],
  ["answers a bomb: 32 MiB that gzip made small", answer(await gzipped("", 33_554_432), gzip)],
  ["answers 1 MiB of broken UTF-8", answer(new Uint8Array(1_048_576).fill(0xff)), invalid()],
  ["gives a token of 100,000 letters", json({ ...usual, access_token: accessToken }), good({ accessToken })],
  ["sends headers without an end", flood(ok, 65_536, `x: ${kilobyte}\r\n`), network, hangsUp],
], big);

/** The table of transports. */
export const transportCases: readonly TokenCase[] = [redirects, oddHttp, connections, slow, sizes].flat();
