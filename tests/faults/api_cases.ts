/**
 * What an API and a caller may do, as data.
 *
 * @module
 */

/** `WWW-Authenticate` lines, from proper to none at all. */
export const challenges: Record<string, string | readonly string[]> = {
  "a proper challenge": 'Bearer realm="api", error="invalid_token", error_description="The token expired"',
  "a bare scheme": "Bearer",
  "nothing in it": "",
  "a gateway's plain message": "rpc error: code = Unauthenticated desc = token parse error [JWT]",
  "a quote that never ends": 'Bearer error="invalid_token',
  "commas and equals signs": ",,,===,,,=,",
  "another scheme": 'Negotiate YII=, NTLM, Digest realm="x", nonce="a,b=\\"c\\""',
  "two challenges in one line": 'Basic realm="x", Bearer error="invalid_token"',
  "two lines": ['Basic realm="x"', 'Bearer error="invalid_token"'],
  "fifty lines": Array.from({ length: 50 }, (_, index) => `Scheme${index} realm="${index}"`),
  "insufficient_scope": 'Bearer error="insufficient_scope", scope="a b"',
  "bytes outside ASCII": 'Bearer error_description="schlüssel — 鍵"',
  "60,000 letters": `Bearer ${"a".repeat(60_000)}`,
  "60,000 quotes": '"'.repeat(60_000),
  "60,000 commas and blanks": ", ".repeat(30_000),
};

const binary = Uint8Array.from({ length: 70_000 }, (_, index) => index * 7 % 256);

const post = (body: BodyInit | null) => (url: string): Call => [url, { method: "POST", body }];
const requested = (init: RequestInit, replacing?: RequestInit) => (url: string): Call => [
  new Request(url, { method: "POST", ...init }),
  replacing,
];
const named = { "x-own": "1", accept: "text/plain" };

/** What `fetch` is called with. */
type Call = [input: string | Request, init?: RequestInit | undefined];

/** How a caller may hand in a body: a call, made again each time. */
export const bodies: Record<string, (url: string) => Call> = {
  "a string": post("héllo\r\n\0"),
  "an empty string": post(""),
  "no body": (url) => [url, { method: "POST" }],
  "null": post(null),
  "JSON with its own content type": (url) => [
    url,
    { method: "PUT", body: '{"a":1}', headers: { "content-type": "application/json" } },
  ],
  "URLSearchParams": post(new URLSearchParams({ a: "b c", ü: "&" })),
  "FormData": (url) => post(form())(url),
  "a Blob": post(new Blob([binary], { type: "image/x-test" })),
  "a File": post(new File(["x"], "y.txt", { type: "text/plain" })),
  "an ArrayBuffer": post(binary.buffer.slice(5, 5_000)),
  "an empty ArrayBuffer": post(new ArrayBuffer(0)),
  "a Uint8Array on a part of its buffer": post(binary.subarray(100, 200)),
  "a Uint16Array": post(Uint16Array.of(1, 2, 65_535)),
  "a DataView": post(new DataView(binary.buffer, 7, 9)),
  "a Request with text": requested({ method: "PATCH", body: "text" }),
  "a Request with bytes": requested({ body: binary }),
  "a Request with a form": (url) => requested({ body: form() })(url),
  "a Request with a stream": (url) => requested({ body: stream() })(url),
  "a Request with headers": requested({ body: "x", headers: named }),
  "a Request without a body": requested({ method: "DELETE" }),
  "a Request whose body the init replaces": requested({ body: "old" }, { body: "new" }),
  "a Request whose method the init replaces": requested({ body: "same" }, { method: "PUT" }),
  "a Request whose headers the init replaces": requested({ body: "x", headers: named }, { headers: { "x-else": "2" } }),
};

/** A body that is gone once sent. */
export function stream(...parts: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(parts.length === 0 ? ["one ", "two ", "three"] : parts)
    .pipeThrough(new TextEncoderStream()) as ReadableStream<Uint8Array<ArrayBuffer>>;
}

function form(): FormData {
  const data = new FormData();
  data.append("a", "b\r\nc");
  data.append("file", new File([binary.subarray(0, 5_000)], "ü.bin", { type: "application/x-test" }));
  return data;
}

/** Ways to write a URL of another origin in a Location header. `origin` is as in `http://127.0.0.1:8080`. */
export const foreignLocations: Record<string, (origin: string) => string> = {
  "an absolute URL": (origin) => `${origin}/x`,
  "a URL without a scheme": (origin) => `${origin.slice("http:".length)}/x`,
  "backslashes": (origin) => `${origin.replaceAll("/", "\\")}\\x`,
  "a URL without a scheme, in backslashes": (origin) => `\\\\${origin.slice("http://".length)}/x`,
  "one slash": (origin) => origin.replace("http://", "http:\\/"),
  "an upper-case scheme": (origin) => origin.replace("http", "HTTP"),
  "a user in it": (origin) => origin.replace("//", "//user:pass@"),
  "blanks before it": (origin) => `   ${origin}/x`,
  "a tab in it": (origin) => origin.replace("http:", "ht\ttp:"),
  "a number for an address": (origin) => origin.replace("127.0.0.1", "2130706433"),
  "another name of the same machine": (origin) => origin.replace("127.0.0.1", "0x7f.1"),
};
