/**
 * Keeps what a call of the API needs to be sent again.
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";
import { untilAborted } from "../refresh/deadlines.ts";

/** How much of a `Request`'s body is kept for a replay by default, in bytes: 1 MiB. */
export const defaultMaxReplayBody = 1_048_576;

/** What `fetch` was called with: `request` under the settings of `init`, or `init` at `href`. */
export interface ApiCall {
  /** An absolute URL. */
  readonly href: string;
  readonly request: Request | undefined;
  readonly init: RequestInit | undefined;
  /** The headers that are sent. */
  readonly headers: HeadersInit;
  /** The request's body, where it is kept. */
  readonly kept: KeptBody | undefined;
}

/** A `Request`'s body, kept for another sending. */
export interface KeptBody {
  /** What to send first. */
  readonly request: Request;
  /** Resolves to the whole body, `null` if there is none, or `undefined` if it is too large to be kept. */
  readonly bytes: Promise<Uint8Array<ArrayBuffer> | null | undefined>;
  /** Stops keeping. */
  release(): void;
}

/** Whether something is a `Request`, by its shape: a fetch of another realm (undici from npm) brings its own. */
export function isRequest(input: object): input is Request {
  return "clone" in input;
}

/** Whether headers are a plain record: runtimes read it several times as fast as `Headers`. */
function isRecord(headers: HeadersInit): headers is Record<string, string> {
  return !(Symbol.iterator in headers);
}

/** Whether headers have one of this name, given in lower case. */
export function hasHeader(headers: HeadersInit, name: string): boolean {
  if (!isRecord(headers)) return ("append" in headers ? headers as Headers : new Headers(headers)).has(name);
  for (const key in headers) if (key.length === name.length && key.toLowerCase() === name) return true;
  return false;
}

/** Adds a header, given as a record of one, to a copy of others. A record stays one. */
export function addHeader(headers: HeadersInit, added: Readonly<Record<string, string>>): HeadersInit {
  if (isRecord(headers)) return { ...headers, ...added };
  const copy = new Headers(headers);
  for (const name in added) copy.set(name, added[name]!);
  return copy;
}

/** Removes headers, named in lower case, from a copy of others. */
export function removeHeaders(headers: HeadersInit, isRemoved: (name: string) => boolean): Headers {
  const copy = new Headers(headers);
  for (const name of [...copy.keys()]) if (isRemoved(name)) copy.delete(name);
  return copy;
}

/** Copies headers, so that later changes to the caller's object don't count. */
export function copyHeaders(headers: HeadersInit): HeadersInit {
  return isRecord(headers) ? { ...headers } : new Headers(headers);
}

/** Copies a body that can be changed; text and blobs can't be. */
export function copyBody(body: BodyInit): BodyInit {
  if (body instanceof URLSearchParams) return new URLSearchParams(body);
  if (body instanceof ArrayBuffer) return body.slice(0);
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength).slice();
  }
  if (!(body instanceof FormData)) return body;
  const copy = new FormData();
  for (const [name, value] of body) copy.append(name, value);
  return copy;
}

/**
 * Reads what `fetch` was called with, and copies what can be changed. Nothing is kept of a `Request`'s body yet.
 */
export function readCall(input: string | URL | Request, init: RequestInit | undefined): ApiCall {
  let request = typeof input === "object" && isRequest(input) ? input : undefined;
  const { href } = new URL(request?.url ?? String(input));
  let copy: RequestInit | undefined;
  // `fetch(url, request)` is the way workers forward a request; a spread would find nothing in it.
  if (init && isRequest(init)) request = new Request(href, init);
  else if (init) copy = { ...init, ...init.body && { body: copyBody(init.body) } };
  const headers = copyHeaders(copy?.headers ?? request?.headers ?? {});
  return { href, request, init: copy, headers, kept: undefined };
}

/**
 * Whether a `Request`'s own body, which can be read only once, is sent. By the method: to look at its `body` makes a
 * stream of it, which Deno sends without its length.
 */
export function sendsOwnBody(request: Request | undefined, init: RequestInit | undefined): request is Request {
  return request !== undefined && init?.body == null && request.method !== "GET" && request.method !== "HEAD";
}

/**
 * Keeps a request's body while it is sent, up to a limit in bytes. Nothing is kept of what is known to be larger; of
 * what turns out to be, the kept part is dropped, and the rest flows by.
 */
export function keepBody(request: Request, limit: number): KeptBody | undefined {
  // A server's request that is forwarded says its length.
  if (Number(request.headers.get("content-length")) > limit) return undefined;
  const sent = request.clone();
  // The copy first: now a look at the original's body does no harm.
  const reader = request.body?.getReader();
  const release = () => void reader?.cancel().catch(() => {});
  return { request: sent, bytes: reader ? readUpTo(reader, limit) : Promise.resolve(null), release };
}

/** Reads a stream to its end; `undefined` if it is longer than the limit, or breaks off. */
async function readUpTo(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  limit: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.byteLength;
      if (size > limit) {
        // One branch of a tee alone: the other goes on, and nothing is buffered for this one any more.
        void reader.cancel().catch(() => {});
        return undefined;
      }
      parts.push(part.value);
    }
  } catch {
    return undefined;
  }
  const bytes = new Uint8Array(size);
  size = 0;
  for (const part of parts) {
    bytes.set(part, size);
    size += part.byteLength;
  }
  return bytes;
}

/** Resolves to the body to send again, `null` if there is none, or `undefined` where it can't be: a stream is gone. */
export async function replayBody({ request, init, kept }: ApiCall): Promise<BodyInit | null | undefined> {
  if (kept !== undefined) {
    // An upload that stalls must not outlast the caller's patience.
    const signal = init?.signal ?? kept.request.signal;
    return await (signal ? untilAborted(signal, kept.bytes) : kept.bytes);
  }
  if (sendsOwnBody(request, init)) return undefined;
  const body = init?.body ?? null;
  const isStream = typeof body === "object" && body !== null && ("getReader" in body || Symbol.asyncIterator in body);
  return isStream ? undefined : body;
}

/** Sends a call the first time, under other headers. */
export function sendFirst(fetch: Fetch, { href, request, init, kept }: ApiCall, ours: RequestInit): Promise<Response> {
  return fetch(kept?.request ?? request ?? href, { ...init, ...ours });
}

/** Sends a call again, with the body that {@linkcode replayBody} gave. */
export function sendAgain(
  fetch: Fetch,
  { href, request, init }: ApiCall,
  ours: RequestInit,
  body: BodyInit | null,
): Promise<Response> {
  return fetch(request ?? href, { ...init, ...ours, ...body !== null && { body } });
}

/** Sends a call elsewhere, with the body that {@linkcode replayBody} gave. */
export function sendElsewhere(
  fetch: Fetch,
  { request, init }: ApiCall,
  ours: RequestInit & { href: string },
): Promise<Response> {
  const { href, ...rest } = ours;
  return fetch(href, { ...request && readSettings(request), ...init, ...rest });
}

/** What a `Request` says besides its URL and body. Its attributes are enumerable, as Web IDL has it. */
function readSettings(request: Request): RequestInit {
  const settings: Record<string, unknown> = {};
  for (const name in request) {
    const value = name === "body" ? undefined : request[name as keyof Request];
    // Not even as `undefined`: workerd of 2024 takes no `cache` at all.
    if (value !== undefined && typeof value !== "function") settings[name] = value;
  }
  return settings;
}
