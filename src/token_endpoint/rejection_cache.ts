/**
 * Remembers what was refused for good.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { AuthenticationError } from "../errors.ts";
import type { BuiltTokenRequest } from "./request.ts";

interface Refusal {
  readonly error: AuthenticationError;
  readonly until: number;
  // A function, for browsers' consoles show private fields.
  readonly proof: () => string | undefined;
}

/**
 * Answers a token request that was refused for good a moment ago with the same error, and spares the server: a wrong
 * secret sent again and again may lock its client out. Another secret, or any other change of the request, is sent at
 * once; but where the client itself was refused, it makes no difference what it asks for.
 */
export class RefusalMemory {
  readonly #cooldown: number;
  readonly #clock: Clock;
  readonly #refusals = new Map<string, Refusal>();

  /** `cooldown` in milliseconds. */
  constructor(cooldown: number, clock: Clock) {
    this.#cooldown = cooldown;
    this.#clock = clock;
  }

  /** Throws what the same request was answered a moment ago. */
  check(request: BuiltTokenRequest): void {
    for (const key of ["client", "asked"] as const) {
      const refusal = this.#refusals.get(request[key]);
      if (refusal && this.#clock.monotonic() < refusal.until && refusal.proof() === proofOf(request, key)) {
        throw refusal.error;
      }
    }
  }

  /** Remembers a failure, if it is one for good. */
  note(request: BuiltTokenRequest, error: unknown): void {
    // A proof that couldn't be made was never sent.
    if (!(error instanceof AuthenticationError) || error.retryable || error.code === "proof_failed") return;
    const now = this.#clock.monotonic();
    for (const [key, { until }] of this.#refusals) if (until <= now) this.#refusals.delete(key);
    const refused = error.error === "invalid_client" ? "client" : "asked";
    const proof = proofOf(request, refused);
    this.#refusals.set(request[refused], { error, until: now + this.#cooldown, proof: () => proof });
  }
}

/** Who the client is doesn't hang on what the grant is proven with. */
function proofOf({ credential, grantProof }: BuiltTokenRequest, refused: "client" | "asked"): string | undefined {
  return refused === "client" ? credential : JSON.stringify([credential, grantProof]);
}
