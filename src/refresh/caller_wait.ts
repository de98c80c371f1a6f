/**
 * How callers wait for a token that is being requested.
 *
 * @module
 */

import { type Clock, getAge, readMoment } from "../clock.ts";
import type { AuthenticatorEvent, RefreshReason, WaitOutcome } from "../events.ts";
import { errorForCaller } from "./caller_error.ts";
import { type Deadline, waitFor } from "./deadlines.ts";
import { getPause, isTransient } from "./health.ts";
import type { SharedHealth } from "./tokens.ts";

/** What waits depend on. */
interface WaitContext {
  readonly clock: Clock;
  readonly shared: SharedHealth;
  readonly send: (event: AuthenticatorEvent) => void;
}

/** Waits as one caller, and reports it. */
export async function waitAs<T>(
  reason: RefreshReason,
  flown: Promise<T>,
  deadline: Deadline,
  { clock, send }: Omit<WaitContext, "shared">,
): Promise<T> {
  const start = readMoment(clock);
  let outcome: WaitOutcome = "error";
  try {
    const token = await waitFor(flown, deadline);
    outcome = "token";
    return token;
  } catch (error) {
    if (deadline.signal?.aborted) outcome = "aborted";
    throw error;
  } finally {
    send({ type: "token_awaited", reason, duration: getAge(start, clock), outcome });
  }
}

/** The same, with an error that is this caller's own object, and says when to try again. */
export async function waitAsOwner<T>(
  reason: RefreshReason,
  flown: Promise<T>,
  deadline: Deadline,
  context: WaitContext,
): Promise<T> {
  try {
    return await waitAs(reason, flown, deadline, context);
  } catch (error) {
    deadline.signal?.throwIfAborted();
    const pause = getPause(context.shared.health, context.clock);
    throw errorForCaller(error, isTransient(error) && pause > 0 ? error.retryAfter ?? pause : undefined);
  }
}
