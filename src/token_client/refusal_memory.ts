/**
 * Remembers what was refused for good.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { AuthenticationError } from "../errors.ts";
import type { BuiltTokenRequest } from "./token_request.ts";

/**
 * Answers a token request that was refused for good a moment ago with the same error, and spares the server: a wrong
 * secret sent again and again may lock its client out. Another secret, or any other change of the request, is sent at
 * once.
 */
export class RefusalMemory {
  readonly #cooldown: number;
  readonly #clock: Clock;
  // A function, for browsers' consoles show private fields.
  #request: (() => string) | undefined;
  #error: AuthenticationError | undefined;
  #until = 0;

  /** `cooldown` in milliseconds. */
  constructor(cooldown: number, clock: Clock) {
    this.#cooldown = cooldown;
    this.#clock = clock;
  }

  /** Throws what the same request was answered a moment ago. */
  check(request: BuiltTokenRequest): void {
    if (this.#error && this.#clock.monotonic() < this.#until && this.#request?.() === essence(request)) {
      throw this.#error;
    }
  }

  /** Remembers a failure, if it is one for good. */
  note(request: BuiltTokenRequest, error: unknown): void {
    if (!(error instanceof AuthenticationError) || error.retryable) return;
    const refused = essence(request);
    this.#request = () => refused;
    this.#error = error;
    this.#until = this.#clock.monotonic() + this.#cooldown;
  }
}

/** The request without its proof, which may be signed anew each time, and what the proof is made with. */
function essence({ asked, credential = "" }: BuiltTokenRequest): string {
  return asked + credential;
}
