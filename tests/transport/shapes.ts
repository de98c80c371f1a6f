/**
 * What requests and responses may look like, sent by one `fetch`: a transport must not narrow it. No names of runtimes.
 *
 * @module
 */

import type { Fetch } from "@m2m/authenticator";

const bytes = new TextEncoder().encode("five!");
const text = { "content-type": "text/plain" };
/** With a content type, for Bun sets none. */
const request = (origin: string) =>
  new Request(`${origin}/echo`, { method: "POST", body: "of a request", headers: text });
const json = new Headers({ "content-type": "application/json" });
const form = new FormData();
form.append("field", "value of a field");
const stream = () => ReadableStream.from(["in two ", "parts"]).pipeThrough(new TextEncoderStream());

/** Makes a POST of a body. */
const post = (path: string, body: () => BodyInit) => (origin: string): Parameters<Fetch> => [
  new URL(path, origin),
  { method: "POST", body: body(), duplex: "half" } as RequestInit,
];
const get =
  (path: string, init?: () => RequestInit) => (origin: string): Parameters<Fetch> => [origin + path, init?.()];
const authorized = (headers: HeadersInit) => [{ authorization: "Bearer" }, get("/echo", () => ({ headers }))] as const;

/** What is seen of a request's arrival or its answer, or what it is rejected with; and the request. */
const shapes: Record<string, readonly [expected: object | string, make: (origin: string) => Parameters<Fetch>]> = {
  "a text": [{ method: "POST", body: "hello", length: "5" }, post("/echo", () => "hello")],
  "a form of the web": [
    { method: "POST", body: "a=1&b=2", length: "7", type: "application/x-www-form-urlencoded;charset=UTF-8" },
    post("/echo", () => new URLSearchParams({ a: "1", b: "2" })),
  ],
  "a form with parts": [{ method: "POST", parts: true }, post("/echo", () => form)],
  "bytes": [{ method: "PUT", body: "five!", length: "5" }, get("/echo", () => ({ method: "PUT", body: bytes }))],
  "a stream": [{ method: "POST", body: "in two parts", length: undefined }, post("/echo", stream)],
  "a Request": [{ method: "POST", body: "of a request", type: "text/plain" }, (origin) => [request(origin)]],
  "a Request with other headers": [
    { method: "POST", body: "of a request", type: "application/json" },
    (origin) => [request(origin), { headers: json, redirect: "manual" }],
  ],
  "headers in a record": authorized({ authorization: "Bearer x" }),
  "headers in pairs": authorized([["authorization", "Bearer x"]]),
  "headers in Headers": authorized(new Headers({ authorization: "Bearer x" })),
  "a compressed answer": [{ method: "GET", body: "" }, get("/gzip")],
  "an empty answer": [{ status: 204, text: "", empty: "yes" }, get("/empty")],
  "a HEAD request": [{ status: 200, text: "" }, get("/echo", () => ({ method: "HEAD" }))],
  "a redirect, followed": [{ method: "POST", body: "again", path: "/echo" }, post("/redirect", () => "again")],
  "a redirect, shown": [{ status: 307, location: "/echo" }, get("/redirect", () => ({ redirect: "manual" }))],
  // Bun's is an Error with a code.
  "a redirect, refused": ["an error", get("/redirect", () => ({ redirect: "error" }))],
  "an abort before": ["the reason", get("/echo", () => ({ signal: AbortSignal.abort("the reason") }))],
  "an abort while the answer comes": ["the reason", get("/endless", abortSoon)],
};

function abortSoon(): RequestInit {
  const controller = new AbortController();
  setTimeout(() => controller.abort("the reason"), 50);
  return { signal: controller.signal };
}

/** What each shape must give, by its name, as JSON has it. */
export const expectedShapes = Object.entries(shapes)
  .map(([name, [expected]]) => [name, JSON.parse(JSON.stringify(expected))] as const);

/** Sends each shape; returns what came of it, by its name. */
export async function sendShapes(fetch: Fetch, origin: string): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  for (const [name, [expected, make]] of Object.entries(shapes)) {
    const reason = (error: unknown) => error instanceof Error ? "an error" : error;
    const seen = await fetch(...make(origin)).then(look).catch(reason);
    const part = () => Object.fromEntries(Object.keys(expected).map((key) => [key, Reflect.get(Object(seen), key)]));
    results[name] = typeof seen === "string" ? seen : part();
  }
  return results;
}

async function look(response: Response): Promise<Record<string, unknown>> {
  const { status, headers } = response;
  const text = await response.text();
  const seen = JSON.parse(text || "{}");
  const parts = seen.type?.startsWith("multipart/form-data") && seen.body.includes("value of a field") &&
    Number(seen.length) === seen.body.length;
  const path = URL.parse(response.url)?.pathname;
  return { status, text, path, location: headers.get("location"), empty: headers.get("x-empty"), parts, ...seen };
}
