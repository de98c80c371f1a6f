/**
 * Headers as callers give them. A record stays one: runtimes read it several times as fast as `Headers`.
 *
 * @module
 */

/** Headers that can be read any number of times. */
export type ReadableHeaders = Headers | Record<string, string>;

/** What becomes of a call with a header of the caller's in the token's place. */
export type CallerHeader = "keep" | "replace";

function isRecord(headers: HeadersInit): headers is Record<string, string> {
  return !(Symbol.iterator in headers);
}

/** Reads headers that are neither: an iterator can be read once. */
export function readHeaders(headers: HeadersInit): ReadableHeaders {
  return isRecord(headers) || headers instanceof Headers ? headers : new Headers(headers);
}

/** Tells whether headers have one of this name, given in lower case; none is named by an empty text. */
export function hasHeader(headers: ReadableHeaders, name: string): boolean {
  if (!name) return false;
  if (!isRecord(headers)) return headers.has(name);
  // An inherited one isn't sent.
  for (const key in headers) if (key.toLowerCase() === name && Object.hasOwn(headers, key)) return true;
  return false;
}

/** Copies headers, and sets those of a record on the copy. */
export function addHeaders(headers: HeadersInit, added: Readonly<Record<string, string>> = {}): ReadableHeaders {
  if (isRecord(headers)) return { ...headers, ...added };
  const copy = new Headers(headers);
  for (const name in added) copy.set(name, added[name]!);
  return copy;
}
