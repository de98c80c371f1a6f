/**
 * Reads a response's body, and no more of it than is sane.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";

/** What an authorization server's answer may weigh once decompressed, in bytes: 1 MiB, a thousand times the usual. */
export const maxBodySize = 1_048_576;

/** The body as text. */
export async function readBody(response: Response, signal: AbortSignal): Promise<string> {
  if (response.body === null) return "";
  const reader = response.body.getReader();
  // Not awaited: a stalled connection must not hold up a caller that gives up on it.
  const cancel = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", cancel, { once: true });
  try {
    if (signal.aborted) cancel();
    const decoder = new TextDecoder();
    let text = "";
    let size = 0;
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.length;
      if (size > maxBodySize) {
        cancel();
        throw new AuthenticationError(
          "response_too_large",
          "Cannot read the token endpoint's answer: it is over 1 MiB. Check that this URL is the token endpoint.",
          { status: response.status },
        );
      }
      text += decoder.decode(part.value, { stream: true });
    }
    // What was read of a body that was given up on is no answer, least of all one to be remembered as a refusal.
    signal.throwIfAborted();
    return text + decoder.decode();
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
