/**
 * Reads bodies, and no more of them than is sane.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";

/** What an authorization server's answer may weigh once decompressed, in bytes: 1 MiB, a thousand times the usual. */
export const maxBodySize = 1_048_576;

/** Cancels the rest of a stream, and doesn't wait for it: a stalled connection must hold up no caller. */
export function cancel(stream: Pick<ReadableStream, "cancel"> | null | undefined): void {
  stream?.cancel().catch(() => {});
}

/** Reads a stream to its end; `undefined` if it is longer than the limit: then it is cancelled. */
export async function readUpTo(
  limit: number,
  reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>,
): Promise<Uint8Array<ArrayBuffer>[] | undefined> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    limit -= part.value.byteLength;
    if (limit < 0) return cancel(reader) as undefined;
  }
  return parts;
}

/** The body as text. */
export async function readBody(response: Response, signal: AbortSignal): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  const stop = () => cancel(reader);
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) stop();
    const parts = await readUpTo(maxBodySize, reader);
    // What was read of a body that was given up on is no answer, least of all one to be remembered as a refusal.
    signal.throwIfAborted();
    if (!parts) {
      throw new AuthenticationError(
        "response_too_large",
        "Cannot read the answer: it is over 1 MiB. Check that this URL is the token endpoint.",
        { status: response.status },
      );
    }
    const decoder = new TextDecoder();
    return parts.map((part) => decoder.decode(part, { stream: true })).join("") + decoder.decode();
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
