/**
 * What requests and responses may look like, sent by one `fetch`: a transport must not narrow it. No names of runtimes.
 *
 * @module
 */

import type { Fetch } from "@m2m/authenticator";

/** What came of each, by its name. */
export async function shapes(fetch: Fetch, origin: string): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  for (const [name, send] of Object.entries(sendings)) {
    try {
      results[name] = await send(fetch, origin);
    } catch (error) {
      results[name] = `${(error as Error).name}: ${(error as Error).message}`;
    }
  }
  return results;
}

/** What each of {@linkcode shapes} is to give. */
export const expectedShapes: Record<string, unknown> = {
  "a text": ["POST", "hello", "5"],
  "a form of the web": ["POST", "a=1&b=2", "7", "application/x-www-form-urlencoded;charset=UTF-8"],
  "a form with parts": ["POST", true, true, "multipart/form-data"],
  "bytes": ["PUT", "bytes", "5"],
  "a stream": ["POST", "in two parts", null],
  "a Request": ["POST", "of a request", "text/plain"],
  "a Request with other headers": ["POST", "of a request", "application/json"],
  "headers of all forms": ["Bearer", "Bearer", "Bearer"],
  "a compressed answer": ["GET", ""],
  "an empty answer": [204, "", "yes"],
  "a HEAD request": [200, ""],
  "a redirect, followed": ["POST", "again", "/echo"],
  "a redirect, shown": [307, "/echo"],
  "a redirect, refused": "TypeError",
  "an abort before": "the caller's reason",
  "an abort while the answer comes": "the caller's reason",
};

async function seen(response: Promise<Response>): Promise<Record<string, string>> {
  return await (await response).json();
}

type Send = (fetch: Fetch, origin: string) => Promise<unknown>;

const sendings: Record<string, Send> = {
  async "a text"(fetch, origin) {
    const { method, body, length } = await seen(fetch(`${origin}/echo`, { method: "POST", body: "hello" }));
    return [method, body, length];
  },
  async "a form of the web"(fetch, origin) {
    const sent = new URLSearchParams({ a: "1", b: "2" });
    const { method, body, length, type } = await seen(fetch(new URL("/echo", origin), { method: "POST", body: sent }));
    return [method, body, length, type];
  },
  async "a form with parts"(fetch, origin) {
    const sent = new FormData();
    sent.append("field", "value of a field");
    const { method, body, length, type } = await seen(fetch(`${origin}/echo`, { method: "POST", body: sent }));
    return [method, body!.includes("value of a field"), Number(length) === body!.length, type!.split(";")[0]];
  },
  async "bytes"(fetch, origin) {
    const sent = new TextEncoder().encode("bytes");
    const { method, body, length } = await seen(fetch(`${origin}/echo`, { method: "PUT", body: sent }));
    return [method, body, length];
  },
  async "a stream"(fetch, origin) {
    const sent = ReadableStream.from(["in two ", "parts"]).pipeThrough(new TextEncoderStream());
    const init = { method: "POST", body: sent, duplex: "half" };
    const { method, body, length } = await seen(fetch(`${origin}/echo`, init));
    return [method, body, length ?? null];
  },
  async "a Request"(fetch, origin) {
    const { method, body, type } = await seen(fetch(ofRequest(origin)));
    return [method, body, type];
  },
  async "a Request with other headers"(fetch, origin) {
    const init = { headers: new Headers({ "content-type": "application/json" }), redirect: "manual" } as const;
    const { method, body, type } = await seen(fetch(ofRequest(origin), init));
    return [method, body, type];
  },
  "headers of all forms"(fetch, origin) {
    const forms = [
      { authorization: "Bearer x" },
      [["authorization", "Bearer x"]],
      new Headers({ authorization: "Bearer x" }),
    ];
    return Promise.all(
      forms.map(async (headers) =>
        (await seen(fetch(`${origin}/echo`, { headers: headers as HeadersInit }))).authorization
      ),
    );
  },
  async "a compressed answer"(fetch, origin) {
    const { method, body } = await seen(fetch(`${origin}/gzip`));
    return [method, body];
  },
  async "an empty answer"(fetch, origin) {
    const response = await fetch(`${origin}/empty`);
    return [response.status, await response.text(), response.headers.get("x-empty")];
  },
  async "a HEAD request"(fetch, origin) {
    const response = await fetch(`${origin}/echo`, { method: "HEAD" });
    return [response.status, await response.text()];
  },
  async "a redirect, followed"(fetch, origin) {
    const response = await fetch(`${origin}/redirect`, { method: "POST", body: "again" });
    const { method, body } = await response.json();
    return [method, body, new URL(response.url).pathname];
  },
  async "a redirect, shown"(fetch, origin) {
    const response = await fetch(`${origin}/redirect`, { redirect: "manual" });
    await response.body?.cancel();
    return [response.status, response.headers.get("location")];
  },
  "a redirect, refused": (fetch, origin) =>
    fetch(`${origin}/redirect`, { redirect: "error" }).then((response) => response.status, nameOf),
  "an abort before": (fetch, origin) =>
    fetch(`${origin}/echo`, { signal: AbortSignal.abort("the caller's reason") }).then(() => "an answer", String),
  async "an abort while the answer comes"(fetch, origin) {
    const controller = new AbortController();
    const response = await fetch(`${origin}/endless`, { signal: controller.signal });
    const text = response.text();
    setTimeout(() => controller.abort("the caller's reason"), 50);
    return await text.then(() => "an answer", String);
  },
};

function ofRequest(origin: string): Request {
  // Of a text Bun doesn't say by itself what it is.
  const headers = { "content-type": "text/plain" };
  return new Request(`${origin}/echo`, { method: "POST", body: "of a request", headers });
}

function nameOf(error: unknown): string {
  // Bun's is an Error with a code.
  return error instanceof Error ? "TypeError" : String(error);
}
