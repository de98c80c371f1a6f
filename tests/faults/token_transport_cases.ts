/**
 * How a token endpoint's answer may come, or not come, and how one exchange with it must end.
 *
 * @module
 */

import {
  answer,
  chunk,
  chunkedHead,
  gzipped,
  halfway,
  head,
  html,
  json,
  jsonText,
  raw,
  redirect,
  steps,
} from "./behaviours.ts";
import { planted } from "./planted.ts";
import {
  category,
  type Failure,
  good,
  invalid,
  late,
  network,
  type Row,
  short,
  type TokenCase,
  usual,
  usualText,
} from "./token_case.ts";

const kilobyte = "x".repeat(1_024);

const redirects = category("redirect", [
  ...[301, 302, 303, 307, 308].flatMap((status): Row[] => [
    [
      `redirects to another origin by ${status}`,
      ({ elsewhere }) => redirect(status, `${elsewhere}/token`),
      { code: "redirect_refused", status, retryable: false },
    ],
    [
      `redirects to itself by ${status}`,
      ({ here }) => redirect(status, `${here}/token`),
      { code: "redirect_refused", status, retryable: false },
    ],
  ]),
  ["redirects with no location", answer("", { status: 302 }), {
    code: "redirect_refused",
    status: 302,
    retryable: false,
  }],
  ["redirects to a file", redirect(302, "file:///etc/hosts"), {
    code: "redirect_refused",
    status: 302,
    retryable: false,
  }],
  ["answers 300 with choices", html(300, planted.body), {
    code: "redirect_refused",
    status: 300,
    retryable: false,
  }],
  ["answers 304", raw("HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n"), {
    code: "redirect_refused",
    status: 304,
    retryable: false,
  }],
  [
    "redirects to another origin by a Refresh header and a Link",
    ({ elsewhere }) => json(usual, { headers: { refresh: `0;url=${elsewhere}`, link: `<${elsewhere}>; rel=preload` } }),
    good(),
  ],
  [
    "redirects, and never ends the redirect's body",
    ({ elsewhere }) =>
      steps(
        { send: head("", { status: 307, length: 100, headers: { location: elsewhere } }) },
        "stall",
      ),
    { code: "redirect_refused", status: 307, retryable: false },
    { hangsUp: true },
  ],
]);

const oddHttp = category("HTTP", [
  ["speaks HTTP/1.0", answer(usualText, { version: "HTTP/1.0" }), good()],
  ["speaks HTTP/1.0 without a length", answer(usualText, { version: "HTTP/1.0", length: null }), good()],
  ["speaks HTTP/1.1 without a length", answer(usualText, { length: null }), good()],
  ["speaks HTTP/0.9", raw(usualText), network],
  ["claims to speak HTTP/2.0", answer(usualText, { version: "HTTP/2.0" }), network],
  ["claims to speak HTTP/1.7", answer(usualText, { version: "HTTP/1.7" }), network],
  ["answers in lines that end in LF alone", raw(`HTTP/1.1 200 OK\ncontent-length: 2\n\n{}`), invalid()],
  ["answers without a reason", raw(head(usualText).replace(" Whatever", ""), usualText), good()],
  ["answers with status 42", raw(head(usualText).replace("200", "42"), usualText), network],
  ["answers with status 1000", raw(head(usualText).replace("200", "1000"), usualText), network],
  ["answers with status -200", raw(head(usualText).replace("200", "-200"), usualText), network],
  ["answers 100 Continue first", raw("HTTP/1.1 100 Continue\r\n\r\n", head(usualText), usualText), good()],
  [
    "answers 103 Early Hints first",
    raw("HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n", head(usualText), usualText),
    good(),
  ],
  ["answers 100 Continue and no more", raw("HTTP/1.1 100 Continue\r\n\r\n"), network],
  [
    "answers 100 Continue for ever",
    steps({ flood: "HTTP/1.1 100 Continue\r\n\r\n", times: 50 }, "stall"),
    late,
    { timeout: short, hangsUp: true },
  ],
  [
    "switches protocols",
    raw("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
    {
      code: "token_endpoint_error",
      status: 101,
      retryable: false,
    },
  ],
  ["has a header line without a colon", raw(`HTTP/1.1 200 OK\r\nnonsense\r\n\r\n${usualText}`), network],
  ["has a header line with a blank name", raw(`HTTP/1.1 200 OK\r\n: x\r\n\r\n${usualText}`), network],
  ["has a header name with spaces", raw(`HTTP/1.1 200 OK\r\na b: x\r\n\r\n${usualText}`), network],
  ["has a NUL in a header", raw(`HTTP/1.1 200 OK\r\nx: a\0b\r\n\r\n${usualText}`), network],
  ["has a header outside ASCII", answer(usualText, { headers: { "x-näme": "ü" } }), network],
  ["has a header's value outside ASCII", answer(usualText, { headers: { x: "ü" } }), good()],
  ["has 1,000 headers", answer(usualText, { headers: headersOf(1_000) }), network],
  ["has a header of 1 MiB", answer(usualText, { headers: { x: "y".repeat(1_048_576) } }), network],
  [
    "says two lengths",
    raw(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\n${usualText}`),
    network,
  ],
  ["says a length that is no number", answer(usualText, { length: "many" }), network],
  ["says a negative length", answer(usualText, { length: -5 }), network],
  ["says a length that is too short", answer(usualText, { length: usualText.length - 5 }), invalid()],
  ["says a length that is too long", answer(usualText, { length: usualText.length + 5 }), network],
  [
    "says a length that is too long, and stalls",
    steps({ send: head(usualText, { length: usualText.length + 5 }) }, { send: usualText }, "stall"),
    late,
    { timeout: short, hangsUp: true },
  ],
  [
    "answers in chunks",
    raw(chunkedHead(), chunk(usualText.slice(0, 9)), chunk(usualText.slice(9)), chunk("")),
    good(),
  ],
  ["answers in chunks with a trailer", raw(chunkedHead(), chunk(usualText), "0\r\nx: y\r\n\r\n"), good()],
  ["answers in chunks without the last", raw(chunkedHead(), chunk(usualText)), network],
  ["answers in chunks of nonsense sizes", raw(chunkedHead(), `zz\r\n${usualText}\r\n0\r\n\r\n`), network],
  [
    "answers in a chunk that is too long for its size",
    raw(chunkedHead(), `5\r\n${usualText}\r\n0\r\n\r\n`),
    network,
  ],
  [
    "answers in a chunk of a size beyond 64 bits",
    raw(chunkedHead(), `${"f".repeat(17)}\r\n${usualText}`),
    network,
  ],
  ["says it is gzip, and isn't", jsonText(usualText, { headers: { "content-encoding": "gzip" } }), network],
  [
    "says it is in an unknown encoding",
    jsonText(usualText, { headers: { "content-encoding": "zip" } }),
    good(),
  ],
  [
    "answers in gzip",
    jsonText(await gzipped(usualText), { headers: { "content-encoding": "gzip" } }),
    good(),
  ],
  [
    "answers in gzip, cut off",
    jsonText((await gzipped(usualText)).slice(0, -12), { headers: { "content-encoding": "gzip" } }),
    network,
  ],
]);

const connections = category("connection", [
  ["closes without an answer", steps(), network],
  ["closes in the status line", raw("HTTP/1.1 2"), network],
  ["closes in the headers", raw("HTTP/1.1 200 OK\r\ncontent-le"), network],
  ["closes in the body", halfway(usualText, { wait: 0 }), network],
  ["resets without an answer", steps("reset"), network],
  ["resets in the headers", steps({ send: "HTTP/1.1 200 OK\r\ncontent-le" }, "reset"), network],
  ["resets in the body", halfway(usualText, "reset"), network],
  ["resets in a chunked body", steps({ send: chunkedHead() + chunk(usualText) }, "reset"), network],
  ["resets after the whole answer", steps({ send: head(usualText) + usualText }, "reset"), good()],
  ["hangs up before it has read the request", { unread: true, steps: ["reset"] }, network],
  ["speaks SSH", { unread: true, steps: [{ send: "SSH-2.0-OpenSSH_9.6\r\n" }] }, network],
  ["speaks TLS", { unread: true, steps: [{ send: Uint8Array.of(21, 3, 1, 0, 2, 2, 70) }] }, network],
  ["speaks SMTP", { unread: true, steps: [{ send: "220 mail.test ESMTP\r\n" }] }, network],
  ["answers twice in one connection", raw(head(usualText), usualText, head("{}"), "{}"), good()],
]);

const slow = category("slow", [
  ["stalls before the headers", steps("stall"), late, { timeout: short, hangsUp: true }],
  ["stalls before it has read the request", { unread: true, steps: ["stall"] }, late, {
    timeout: short,
    hangsUp: true,
  }],
  ["stalls in the status line", steps({ send: "HTTP/1.1 20" }, "stall"), late, {
    timeout: short,
    hangsUp: true,
  }],
  ["stalls in the headers", steps({ send: "HTTP/1.1 200 OK\r\nx: y\r\n" }, "stall"), late, {
    timeout: short,
    hangsUp: true,
  }],
  ["stalls before the body", steps({ send: head(usualText) }, "stall"), late, {
    timeout: short,
    hangsUp: true,
  }],
  ["stalls in the body", halfway(usualText, "stall"), late, { timeout: short, hangsUp: true }],
  ["stalls in a chunk", steps({ send: `${chunkedHead()}ff\r\n{` }, "stall"), late, {
    timeout: short,
    hangsUp: true,
  }],
  ["stalls in the body of a 500", halfway(usualText, "stall", { status: 500 }), late, {
    timeout: short,
    hangsUp: true,
  }],
  [
    "stalls in a body of gzip",
    halfway(await gzipped(usualText), "stall", { headers: { "content-encoding": "gzip" } }),
    late,
    {
      timeout: short,
      hangsUp: true,
    },
  ],
  ["stalls after the whole answer", steps({ send: head(usualText) + usualText }, { wait: 100 }), good()],
  ["drips headers, too slowly", steps({ drip: head(usualText), every: 20 }), late, {
    timeout: short,
    hangsUp: true,
  }],
  ["drips the body, too slowly", steps({ send: head(usualText) }, { drip: usualText, every: 20 }), late, {
    timeout: short,
    hangsUp: true,
  }],
  ["drips everything, in time", steps({ drip: head(usualText) + usualText, every: 1 }), good()],
  ["takes its time, but not too much", steps({ wait: 100 }, { send: head(usualText) + usualText }), good()],
]);

const big: Failure = { code: "response_too_large", status: 200, retryable: false };
const fits = `${" ".repeat(1_048_576 - usualText.length)}${usualText}`;
const sizes = category("size", [
  ["answers exactly 1 MiB", jsonText(fits), good()],
  ["answers 1 MiB and a byte", jsonText(` ${fits}`), big],
  [
    "answers 8 MiB",
    steps({ send: head("", { length: 8_388_608 }) }, { flood: kilobyte, times: 8_192 }),
    big,
    {
      hangsUp: true,
    },
  ],
  [
    "answers without an end",
    steps({ send: head("", { length: null }) }, { flood: kilobyte, times: 65_536 }),
    big,
    {
      hangsUp: true,
    },
  ],
  [
    "answers in chunks without an end",
    steps({ send: chunkedHead() }, { flood: chunk(kilobyte), times: 65_536 }),
    big,
    { hangsUp: true },
  ],
  [
    "answers a page of 2 MiB with a 500",
    steps({ send: head("", { status: 500, length: 2_097_152 }) }, { flood: kilobyte, times: 2_048 }),
    { ...big, status: 500 },
  ],
  [
    "answers 2 MiB that gzip made small",
    answer(await gzipped(usualText, 2_097_152), { headers: { "content-encoding": "gzip" } }),
    big,
  ],
  [
    "answers a bomb: 32 MiB that gzip made small",
    answer(await gzipped("", 33_554_432), { headers: { "content-encoding": "gzip" } }),
    big,
  ],
  ["answers 1 MiB of broken UTF-8", answer(new Uint8Array(1_048_576).fill(0xff)), invalid()],
  [
    "gives a token of 100,000 letters",
    json({ ...usual, access_token: "x".repeat(100_000) }),
    good({ accessToken: "x".repeat(100_000) }),
  ],
  [
    "sends headers without an end",
    steps({ send: "HTTP/1.1 200 OK\r\n" }, { flood: `x: ${kilobyte}\r\n`, times: 65_536 }),
    network,
    { hangsUp: true },
  ],
]);

/** The table of ways. */
export const transportCases: readonly TokenCase[] = [
  ...redirects,
  ...oddHttp,
  ...connections,
  ...slow,
  ...sizes,
];

function headersOf(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`x-${index}`, "y"]));
}
