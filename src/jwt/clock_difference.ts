/**
 * What a server's `Date` says of this clock.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { AuthenticationError } from "../errors.ts";

/** Describes the error of a token request that the server refused. */
export interface Refusal extends Pick<AuthenticationError, "code" | "retryable"> {
  /** The server's OAuth error code, if it gave one. */
  readonly error: string | undefined;
}

/** Describes the response that refused a token request. */
export interface RefusalResponse {
  /** Its headers. */
  readonly headers: Headers;
  /** How long it took, in milliseconds. */
  readonly elapsed: number;
}

/** Says more about a refusal, in a sentence for the error, or nothing. */
export type ExplainRefusal = (refusal: Refusal, response: RefusalResponse) => string | undefined;

/** A difference that servers may not tolerate, in milliseconds. */
const most = 5_000;

/**
 * Says how much this clock and the server's differ, after the refusal of a signed request; nothing if that can't be why.
 * The response took `elapsed` milliseconds: its `Date` lies in between.
 */
export function explainClock(
  clock: Pick<Clock, "wall">,
  { code, retryable, error }: Refusal,
  { headers, elapsed }: RefusalResponse,
): string | undefined {
  // A server that says this has accepted the signature.
  if (retryable || !/^token_/.test(code) || /scope|target|type|nonce/.test(error ?? "")) return undefined;
  const date = Date.parse(headers.get("date") ?? "");
  const now = clock.wall();
  const [ahead, behind] = [now - elapsed - date, date - now];
  if (!(Math.max(ahead, behind) > most)) return undefined;
  const [by, direction] = ahead > 0 ? [ahead, "ahead of"] : [behind, "behind"];
  const seconds = Math.round(by / 1000).toLocaleString("en");
  return `This machine's clock is ${seconds} seconds ${direction} the server's, by its Date header: synchronize it.`;
}
