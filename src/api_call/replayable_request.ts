/**
 * Keeps what a call of the API needs to be sent again.
 *
 * @module
 */

import { waitFor } from "../refresh/deadlines.ts";
import { readUpTo } from "../http/body.ts";
import { copyBody } from "./bodies.ts";
import { isGetOrHead, readInit } from "./call_input.ts";
import { addHeaders } from "./headers.ts";

/** How long a call that is to be replayed waits for the rest of its body, in milliseconds. */
const patience = 1_000;

/** How much of a `Request`'s body is kept for a replay by default, in bytes: 1 MiB. */
export const defaultMaxReplayBody = 1_048_576;

/** What `fetch` was called with: `request` under the settings of `init`, or `init` at `href`. */
export interface ApiCall {
  /** An absolute URL. */
  readonly href: string;
  readonly request: Request | undefined;
  /** A copy of the caller's settings. */
  readonly init: RequestInit;
  /** The headers that are sent. */
  readonly headers: HeadersInit;
  /** What the caller wants done about redirects. */
  readonly redirect: RequestRedirect;
  readonly signal: AbortSignal | null | undefined;
  /** The request's own body, where it is sent. */
  readonly kept: KeptBody | undefined;
}

/** A `Request`'s own body, which can be read only once, kept for another sending. */
export interface KeptBody {
  /** What to send first. */
  readonly request: Request;
  /** Resolves to the whole body, `null` if there is none, or `undefined` if it is too large to be kept. */
  readonly parts: Promise<Uint8Array<ArrayBuffer>[] | null | undefined>;
  /** What reads it: to be cancelled once it needn't be kept any more. */
  readonly reader: ReadableStreamDefaultReader | undefined;
}

/** Tells whether a value is a `Request`, by its shape: a fetch of another realm (undici from npm) brings its own. */
export function isRequest(value: unknown): value is Request {
  return !!(value as Partial<Request> | null | undefined)?.arrayBuffer;
}

/** Reads what `fetch` was called with, and copies what can be changed. Nothing is kept of a `Request`'s body yet. */
export function readCall(input: string | URL | Request, given: RequestInit | undefined): ApiCall {
  let request = isRequest(input) ? input : undefined;
  const { href } = new URL(request?.url ?? String(input));
  const init = given && !isRequest(given) ? readInit(given) : {};
  // `fetch(url, request)` is the way workers forward a request.
  if (isRequest(given)) request = new Request(href, given);
  if (init.body) init.body = copyBody(init.body);
  return {
    href,
    request,
    init,
    headers: addHeaders(init.headers ?? request?.headers ?? {}),
    redirect: init.redirect ?? request?.redirect ?? "follow",
    signal: init.signal === undefined ? request?.signal : init.signal,
    kept: undefined,
  };
}

/**
 * Keeps a request's own body while it is sent, up to a limit in bytes. Nothing is kept of what is known to be larger; of
 * what turns out to be, the kept part is dropped, and the rest flows by.
 *
 * @returns `undefined` if no such body is sent. That goes by the method: to look at the request's `body` makes a stream
 * of it, which Deno sends without its length.
 */
export function keepBody(request: Request | undefined, { body }: RequestInit, limit: number): KeptBody | undefined {
  if (!request || body != null || isGetOrHead(request.method)) return undefined;
  // A server's request that is forwarded says its length.
  if (Number(request.headers.get("content-length")) > limit) {
    return { request, parts: Promise.resolve(undefined), reader: undefined };
  }
  const sent = request.clone();
  // The copy first: now a look at the original's body does no harm.
  const reader = request.body?.getReader();
  // One branch of a tee alone is cancelled: the other goes on, and nothing is buffered for this one any more.
  const parts = reader ? readUpTo(limit, reader).catch(() => undefined) : Promise.resolve(null);
  return { request: sent, parts, reader };
}

/** Resolves to the body to send again, `null` if there is none, or `undefined` where it can't be: a stream is gone. */
export async function replayBody({ init, kept, signal }: ApiCall): Promise<BodyInit | null | undefined> {
  if (!kept) {
    const body = Object(init.body);
    return "getReader" in body || Symbol.asyncIterator in body ? undefined : init.body ?? null;
  }
  // An upload may go on for as long as the API reads it: the caller gets the answer that is there.
  const parts = await waitFor(kept.parts, { timeout: patience, signal }).catch(() => undefined);
  signal?.throwIfAborted();
  return parts && await new Blob(parts).arrayBuffer();
}
