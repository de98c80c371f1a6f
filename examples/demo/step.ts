/** What the demo's steps share. @module */

import type { ClientCredentialsAuthenticator } from "@m2m/authenticator";
import type { Target } from "./target.ts";
import type { Timeline } from "./timeline.ts";
import type { Exchange, WatchedFetch } from "./watched_fetch.ts";

/** A step's surroundings. */
export interface Stage {
  readonly target: Target;
  readonly authenticator: ClientCredentialsAuthenticator;
  readonly watched: WatchedFetch;
  readonly timeline: Timeline;
}

/** Throws where an expectation fails. */
export type Step = (stage: Stage) => Promise<void>;

/** Throws `message` unless `condition` holds. */
export function expect(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Puts a request on the timeline. */
export function printExchange({ timeline }: Stage, exchange: Exchange, more = ""): void {
  const { took, method, path, status, token, ended } = exchange;
  timeline.event(took, `${method} ${path}`, [status, token, more].filter(Boolean).join("  "), ended);
}
