/**
 * Headers as callers give them. A record stays one: runtimes read it several times as fast as `Headers`.
 *
 * @module
 */

function isRecord(headers: HeadersInit): headers is Record<string, string> {
  return !(Symbol.iterator in headers);
}

/** Tells whether headers have one of this name, given in lower case; none is named by an empty text. */
export function hasHeader(headers: HeadersInit | undefined, name: string): boolean {
  if (!headers || !name) return false;
  if (!isRecord(headers)) return ("append" in headers ? headers as Headers : new Headers(headers)).has(name);
  for (const key in headers) if (key.toLowerCase() === name) return true;
  return false;
}

/** Copies headers, and sets those of a record on the copy. */
export function addHeaders(headers: HeadersInit, added: Readonly<Record<string, string>>): HeadersInit {
  if (isRecord(headers)) return { ...headers, ...added };
  const copy = new Headers(headers);
  for (const name in added) copy.set(name, added[name]!);
  return copy;
}
