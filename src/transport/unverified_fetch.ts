/**
 * `fetch` for `https:` that doesn't look at the server's certificate, for a runtime whose own `fetch` always does.
 *
 * @module
 */

import type * as Http from "node:http";
import type * as Stream from "node:stream";
import { cancel } from "../api_call/bodies.ts";
import { defaultMaxReplayBody, keepBody, readCall } from "../api_call/replayable_request.ts";
import type { Fetch } from "../http/fetch.ts";
import { isDenied } from "../http/network_errors.ts";
import { followRedirects } from "../api_call/redirects.ts";
import { connectUnverified, type UnverifiedOptions } from "./unverified_connection.ts";

/** Bundlers for the web would look for what is imported. */
declare const process: {
  getBuiltinModule(name: "node:http"): typeof Http;
  getBuiltinModule(name: "node:stream"): typeof Stream;
};

type Body = ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer> | null;

/** A `fetch` for `https:` URLs, and for them only: over HTTP/1.1, with a connection for each request. */
export function unverifiedFetch(options: UnverifiedOptions): Fetch {
  const send: Fetch = async (input, init) => {
    const request = new Request(input, init);
    const { signal, method } = request;
    const url = new URL(request.url);
    const body = await bodyOf(request, input, init);
    try {
      const socket = await connectUnverified(url, options, signal);
      const answer = await exchange(url, { method, headers: headersOf(request, body), body, socket, signal });
      return asResponse(answer, request);
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
      return checkRedirect(response, redirect);
    } finally {
      cancel(kept?.reader);
    }
  };
}

function checkRedirect(response: Response, redirect: RequestRedirect): Response {
  if (redirect === "error" && response.status >= 300 && response.headers.has("location")) {
    void response.body?.cancel().catch(() => {});
    throw new TypeError("fetch failed: it redirects");
  }
  return response;
}

/** A stream goes out as it comes. The rest has a length, which servers may insist on (RFC 9110 §15.5.12). */
async function bodyOf(request: Request, input: Parameters<Fetch>[0], init?: RequestInit): Promise<Body> {
  const isStream = init?.body == null ? input instanceof Request : init.body instanceof ReadableStream;
  return request.body === null || isStream ? request.body : new Uint8Array(await request.arrayBuffer());
}

function headersOf({ headers }: Request, body: Body): Record<string, string> {
  return {
    "accept": "*/*",
    "accept-encoding": "gzip",
    ...Object.fromEntries(headers),
    ...body instanceof Uint8Array && { "content-length": String(body.length) },
    "connection": "close",
  };
}

interface Exchange {
  method: string;
  headers: Record<string, string>;
  body: Body;
  socket: Stream.Duplex;
  signal: AbortSignal;
}

function exchange(url: URL, { body, socket, signal, ...options }: Exchange): Promise<Http.IncomingMessage> {
  const { Readable, pipeline } = process.getBuiltinModule("node:stream");
  const { promise, resolve, reject } = Promise.withResolvers<Http.IncomingMessage>();
  const request = process.getBuiltinModule("node:http").request({
    ...options,
    host: url.hostname,
    port: url.port || 443,
    path: url.pathname + url.search,
    createConnection: () => socket,
  });
  const stop = () => void socket.destroy(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  socket.once("close", () => signal.removeEventListener("abort", stop));
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

function asResponse(answer: Http.IncomingMessage, { method, url, signal }: Request): Response {
  const { statusCode: status = 0, statusMessage: statusText = "" } = answer;
  const headers = new Headers();
  for (let at = 0; at < answer.rawHeaders.length; at += 2) {
    headers.append(answer.rawHeaders[at]!, answer.rawHeaders[at + 1]!);
  }
  // Fetch standard §2.2.3: statuses without a body.
  const isEmpty = method === "HEAD" || status === 204 || status === 205 || status === 304;
  if (isEmpty) answer.resume();
  const response = new Response(isEmpty ? null : bodyOfAnswer(answer, headers, signal), {
    status,
    statusText,
    headers,
  });
  return Object.defineProperty(response, "url", { value: url });
}

function bodyOfAnswer(answer: Http.IncomingMessage, headers: Headers, signal: AbortSignal): ReadableStream<Uint8Array> {
  const { Readable } = process.getBuiltinModule("node:stream");
  const stream = Readable.toWeb(answer) as unknown as ReadableStream<Uint8Array<ArrayBuffer>>;
  const isZipped = /^(x-)?gzip$/i.test(headers.get("content-encoding") ?? "");
  // Of an abort the reader gets the reason, not what became of the connection.
  return stream.pipeThrough(isZipped ? new DecompressionStream("gzip") : new TransformStream(), { signal });
}
