/**
 * What requests and responses may look like, sent by one `fetch`: a transport must not narrow it. No names of runtimes.
 *
 * @module
 */

import type { Fetch } from "@m2m/authenticator";

type Shape = readonly [expected: unknown, send: (fetch: Fetch, url: string) => Promise<unknown>];

/** Sends a request whose echo shows this. */
function echo(expected: Record<string, string | null>, build: (url: string) => Parameters<Fetch>): Shape {
  return [expected, async (fetch, url) => {
    const seen = await (await fetch(...build(`${url}/echo`))).json();
    return Object.fromEntries(Object.keys(expected).map((name) => [name, seen[name] ?? null]));
  }];
}

const encode = (text: string) => new TextEncoder().encode(text);
/** With a content type, for Bun sets none. */
const request = (url: string) =>
  new Request(url, { method: "POST", body: "of a request", headers: { "content-type": "text/plain" } });
const form = new FormData();
form.append("field", "value of a field");
const authorized: readonly HeadersInit[] = [
  { authorization: "Bearer x" },
  [["authorization", "Bearer x"]],
  new Headers({ authorization: "Bearer x" }),
];

const shapes: Readonly<Record<string, Shape>> = {
  "a text": echo({ method: "POST", body: "hello", length: "5" }, (url) => [url, { method: "POST", body: "hello" }]),
  "a form of the web": echo(
    { method: "POST", body: "a=1&b=2", length: "7", type: "application/x-www-form-urlencoded;charset=UTF-8" },
    (url) => [new URL(url), { method: "POST", body: new URLSearchParams({ a: "1", b: "2" }) }],
  ),
  "a form with parts": [["POST", true, true, "multipart/form-data"], async (fetch, url) => {
    const { method, body, length, type } = await (await fetch(`${url}/echo`, { method: "POST", body: form })).json();
    return [method, body.includes("value of a field"), Number(length) === body.length, type.split(";")[0]];
  }],
  "bytes": echo(
    { method: "PUT", body: "bytes", length: "5" },
    (url) => [url, { method: "PUT", body: encode("bytes") }],
  ),
  "a stream": echo({ method: "POST", body: "in two parts", length: null }, (url) => {
    const body = ReadableStream.from(["in two ", "parts"]).pipeThrough(new TextEncoderStream());
    return [url, { method: "POST", body, duplex: "half" } as RequestInit];
  }),
  "a Request": echo({ method: "POST", body: "of a request", type: "text/plain" }, (url) => [request(url)]),
  "a Request with other headers": echo(
    { method: "POST", body: "of a request", type: "application/json" },
    (url) => [request(url), { headers: new Headers({ "content-type": "application/json" }), redirect: "manual" }],
  ),
  "headers of all forms": [
    ["Bearer", "Bearer", "Bearer"],
    (fetch, url) =>
      Promise.all(
        authorized.map(async (headers) => (await (await fetch(`${url}/echo`, { headers })).json()).authorization),
      ),
  ],
  "a compressed answer": [["GET", ""], async (fetch, url) => {
    const { method, body } = await (await fetch(`${url}/gzip`)).json();
    return [method, body];
  }],
  "an empty answer": [[204, "", "yes"], async (fetch, url) => {
    const response = await fetch(`${url}/empty`);
    return [response.status, await response.text(), response.headers.get("x-empty")];
  }],
  "a HEAD request": [[200, ""], async (fetch, url) => {
    const response = await fetch(`${url}/echo`, { method: "HEAD" });
    return [response.status, await response.text()];
  }],
  "a redirect, followed": [["POST", "again", "/echo"], async (fetch, url) => {
    const response = await fetch(`${url}/redirect`, { method: "POST", body: "again" });
    const { method, body } = await response.json();
    return [method, body, new URL(response.url).pathname];
  }],
  "a redirect, shown": [[307, "/echo"], async (fetch, url) => {
    const response = await fetch(`${url}/redirect`, { redirect: "manual" });
    await response.body?.cancel();
    return [response.status, response.headers.get("location")];
  }],
  // Bun's is an Error with a code.
  "a redirect, refused": ["an error", (fetch, url) =>
    fetch(`${url}/redirect`, { redirect: "error" }).then(
      ({ status }) => status,
      (error) => error instanceof Error ? "an error" : String(error),
    )],
  "an abort before": [
    "the caller's reason",
    (fetch, url) =>
      fetch(`${url}/echo`, { signal: AbortSignal.abort("the caller's reason") }).then(() => "an answer", String),
  ],
  "an abort while the answer comes": ["the caller's reason", async (fetch, url) => {
    const controller = new AbortController();
    const response = await fetch(`${url}/endless`, { signal: controller.signal });
    const text = response.text();
    setTimeout(() => controller.abort("the caller's reason"), 50);
    return await text.then(() => "an answer", String);
  }],
};

/** What each shape must give, by its name. */
export const expectedShapes = Object.entries(shapes).map(([name, [expected]]) => [name, expected] as const);

/** Sends each shape; returns what came of it, by its name. */
export async function sendShapes(fetch: Fetch, origin: string): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  for (const [name, [, send]] of Object.entries(shapes)) results[name] = await send(fetch, origin).catch(String);
  return results;
}
