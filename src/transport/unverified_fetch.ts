/**
 * `fetch` for `https:` without verification of the server's certificate, where the runtime's own `fetch` can't.
 *
 * @module
 */

import type * as Http from "node:http";
import type * as Stream from "node:stream";
import { cancel } from "../http/body.ts";
import { followRedirects } from "../api_call/redirects.ts";
import { defaultMaxReplayBody, keepBody, readCall } from "../api_call/replayable_request.ts";
import type { Fetch } from "../http/fetch.ts";
import { isDenied } from "../http/network_errors.ts";
import { connectUnverified, type UnverifiedOptions } from "./unverified_connection.ts";

/** Not imported: bundlers for the web would look for the modules. */
declare const process: {
  getBuiltinModule(name: "node:http"): typeof Http;
  getBuiltinModule(name: "node:stream"): typeof Stream;
};

type Body = ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> | null;

/** Creates a `fetch` for `https:` URLs alone: over HTTP/1.1, with one connection a request. */
export function createUnverifiedFetch(options: UnverifiedOptions): Fetch {
  const send: Fetch = async (input, init) => {
    const request = new Request(input, init);
    const { signal } = request;
    const body = await readBody(request, input, init);
    try {
      const socket = await connectUnverified(new URL(request.url), options, signal);
      signal.throwIfAborted();
      return toResponse(await sendRequest(request, body, socket), request);
    } catch (error) {
      signal.throwIfAborted();
      throw isDenied(error) ? error : new TypeError("fetch failed", { cause: error });
    }
  };
  return async (input, init) => {
    const call = readCall(input, init);
    const { href, request, headers, redirect } = call;
    const kept = keepBody(request, call.init, defaultMaxReplayBody);
    try {
      const first = await send(kept?.request ?? request ?? href, { ...call.init, headers });
      const scope = { headerKey: "authorization", origins: [new URL(href).origin] };
      const { response } = await followRedirects(first, { ...call, kept, fetch: send, ...scope });
      if (redirect !== "error" || response.status < 300 || !response.headers.has("location")) return response;
      void response.body?.cancel().catch(() => {});
      throw new TypeError("fetch failed: it redirects");
    } finally {
      cancel(kept?.reader);
    }
  };
}

/** Reads all but streams, to send their length: servers may require it (RFC 9110 §15.5.12). */
async function readBody(request: Request, input: Parameters<Fetch>[0], init?: RequestInit): Promise<Body> {
  const isStream = init?.body == null ? input instanceof Request : init.body instanceof ReadableStream;
  return request.body === null || isStream ? request.body : new Uint8Array(await request.arrayBuffer());
}

function sendRequest(
  { url, method, headers }: Request,
  body: Body,
  socket: Stream.Duplex,
): Promise<Http.IncomingMessage> {
  const { Readable, pipeline } = process.getBuiltinModule("node:stream");
  const { hostname, port, pathname, search } = new URL(url);
  const { promise, resolve, reject } = Promise.withResolvers<Http.IncomingMessage>();
  const request = process.getBuiltinModule("node:http").request({
    method,
    headers: {
      "accept": "*/*",
      "accept-encoding": "gzip",
      ...Object.fromEntries(headers),
      ...body instanceof Uint8Array && { "content-length": String(body.length) },
      "connection": "close",
    },
    host: hostname,
    port: port || 443,
    path: pathname + search,
    createConnection: () => socket,
  });
  request.on("response", resolve);
  request.on("error", reject);
  if (body instanceof ReadableStream) {
    // deno-lint-ignore no-explicit-any -- Node's types have a ReadableStream of their own.
    pipeline(Readable.fromWeb(body as any), request, (error) => error && reject(error));
  } else {
    request.end(body ?? undefined);
  }
  return promise;
}

function toResponse(answer: Http.IncomingMessage, { method, url, signal }: Request): Response {
  const { statusCode: status = 0, statusMessage: statusText = "", rawHeaders } = answer;
  const headers = new Headers();
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at]!, rawHeaders[at + 1]!);
  // Fetch standard §2.2.3: statuses without a body.
  const isEmpty = method === "HEAD" || status === 204 || status === 205 || status === 304;
  if (isEmpty) answer.resume();
  const body = isEmpty ? null : decodeBody(answer, headers, signal);
  return Object.defineProperty(new Response(body, { status, statusText, headers }), "url", { value: url });
}

function decodeBody(answer: Http.IncomingMessage, headers: Headers, signal: AbortSignal): ReadableStream<Uint8Array> {
  const { Readable } = process.getBuiltinModule("node:stream");
  const stream = Readable.toWeb(answer) as unknown as ReadableStream<Uint8Array<ArrayBuffer>>;
  const isGzip = /^(x-)?gzip$/i.test(headers.get("content-encoding") ?? "");
  // With the signal, the reader of an aborted body gets its reason, not the connection's error.
  return stream.pipeThrough(isGzip ? new DecompressionStream("gzip") : new TransformStream(), { signal });
}
