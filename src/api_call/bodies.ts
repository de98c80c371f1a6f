/**
 * Copies bodies, and reads them up to a limit.
 *
 * @module
 */

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

/** Cancels the rest of a stream, and doesn't wait for it. */
export function cancel(stream: Pick<ReadableStream, "cancel"> | null | undefined): void {
  stream?.cancel().catch(() => {});
}

/** Reads a stream to its end; `undefined` if it breaks off, or is cancelled for it is longer than the limit. */
export async function readUpTo(
  limit: number,
  reader: ReadableStreamDefaultReader<Bytes>,
): Promise<Bytes[] | undefined> {
  const parts: Bytes[] = [];
  let left = limit;
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      left -= part.value.byteLength;
      if (left < 0) return cancel(reader) as undefined;
    }
    return parts;
  } catch {
    return undefined;
  }
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
    await readUpTo(maxDiscarded, reader);
    clearTimeout(timer);
  } catch {
    // It is being read already, or is no stream of the web's.
  }
}
