/**
 * Copies bodies, and reads those that are of no use.
 *
 * @module
 */

import { cancel, readUpTo } from "../http/body.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** The most that is read of a body that is of no use, in bytes. */
const maxDiscarded = 65_536;
/** For how long it is read, in milliseconds. */
const patience = 100;

/** Copies a body that can be changed; text and blobs can't be. */
export function copyBody(body: BodyInit): BodyInit {
  if (body instanceof URLSearchParams) return new URLSearchParams(body);
  if (body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
    const { buffer = body, byteOffset, byteLength } = body as Bytes;
    return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength).slice();
  }
  if (!(body instanceof FormData)) return body;
  const copy = new FormData();
  for (const [name, value] of body) copy.append(name, value);
  return copy;
}

/**
 * Reads a body to its end if that is near, and cancels it otherwise: the connection can be used again, where Node opens
 * a spare one after each body that is cancelled.
 *
 * @param response The response, unread.
 * @returns A promise that settles, within 100 ms, when the body is read or cancelled. It never rejects.
 */
export async function discardBody({ body }: Response): Promise<void> {
  try {
    const reader = body?.getReader();
    if (!reader) return;
    const timer = setTimeout(cancel, patience, reader);
    await readUpTo(maxDiscarded, reader).finally(() => clearTimeout(timer));
  } catch {
    // It is being read already, or is no stream of the web's.
  }
}
