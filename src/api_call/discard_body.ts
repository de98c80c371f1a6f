/**
 * Gets rid of a response whose body is of no use.
 *
 * @module
 */

/** The most that is read of such a body, in bytes. */
const maxRead = 65_536;
/** For how long it is read, in milliseconds. */
const patience = 100;

/**
 * Reads a body to its end if that is near, and cancels it otherwise: the connection can be used again, where Node opens
 * a spare one after each body that is cancelled.
 *
 * @param response The response, unread.
 * @returns A promise that settles, within 100 ms, when the body is read or cancelled. It never rejects.
 */
export async function discardBody({ body, headers }: Response): Promise<void> {
  if (body === null) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const reader = body.getReader();
    const cancel = () => void reader.cancel().catch(() => {});
    if (Number(headers.get("content-length")) > maxRead) return cancel();
    timer = setTimeout(cancel, patience);
    let size = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.byteLength;
      if (size > maxRead) cancel();
    }
  } catch {
    // It broke off, or is being read already.
  } finally {
    clearTimeout(timer);
  }
}
