/**
 * Requests of clients that send each by a function of theirs.
 *
 * @module
 */

import { type AbortSignalLike, withSignal } from "./abort_signals.ts";
import { type ApiTokens, isReplayable, type TokenHeader } from "./api_tokens.ts";

/** A request, by the client's own means. */
interface Sending<Response> {
  readonly signal: AbortSignalLike | undefined;
  readonly body: unknown;
  /** Tells whether the caller has set a header, given in lower case. */
  has(name: string): boolean;
  /** Sends it, with a token or as it is. */
  send(header?: TokenHeader): Promise<Response>;
  /** Tells whether the response rejects the token. */
  isRejected(response: Response): boolean;
  /** Drops the body of a response that the caller doesn't get. */
  discard(response: Response): void;
}

/** Sends a request with a token, and once again with another one where that is rejected. */
export async function sendWithToken<Response>(tokens: ApiTokens, sending: Sending<Response>): Promise<Response> {
  const { body } = sending;
  return await withSignal(sending.signal, async (signal) => {
    const header = await tokens.choose((name) => sending.has(name), signal);
    if (!header) return await sending.send();
    const first = await sending.send(header);
    const next = sending.isRejected(first) ? await tokens.replace(header, isReplayable(body), signal) : undefined;
    if (!next) return first;
    sending.discard(first);
    return await sending.send(next);
  });
}
