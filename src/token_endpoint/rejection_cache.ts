/**
 * Remembers permanent failures of token requests for a cool-down.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import { AuthenticationError } from "../errors.ts";
import type { BuiltTokenRequest } from "./request.ts";

interface Rejection {
  readonly error: AuthenticationError;
  readonly until: number;
  /** Whether requests are kept back: an unusable answer may be a maintenance page, so the first one isn't trusted. */
  readonly blocks: boolean;
  /** A function, since browsers' consoles show what objects hold. */
  readonly hasProofOf: (request: BuiltTokenRequest) => boolean;
}

const maxEntries = 1_000;

/**
 * Answers a token request with the permanent error of its predecessor, for a cool-down.
 *
 * A wrong secret that is sent again and again may lock its client out. A request with another secret, or with any other
 * change, goes out at once; but where the client itself was rejected, other parameters make no difference.
 */
export class RejectionCache {
  readonly #cooldown: number;
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #entries = new Map<string, Rejection>();

  /** Takes the cool-down in milliseconds. */
  constructor(cooldown: number, clock: Pick<Clock, "monotonic">) {
    this.#cooldown = cooldown;
    this.#clock = clock;
  }

  /** Throws the error that the same request, or its client, met within the cool-down. */
  throwIfRejected(request: BuiltTokenRequest): void {
    if (this.#entries.size === 0) return;
    for (const key of [request.clientKey, request.requestKey]) {
      const entry = this.#find(key, request);
      if (entry?.blocks) throw entry.error;
    }
  }

  /** Remembers a failure, if it is permanent. An attempt that was given up changes nothing. */
  remember(request: BuiltTokenRequest, error: unknown): void {
    // A proof that couldn't be made was never sent.
    const isPermanent = error instanceof AuthenticationError && !error.retryable && error.code !== "proof_failed";
    if (!isPermanent || request.signal.aborted) return;
    const isClient = isClientRejected(error);
    const key = isClient ? request.clientKey : request.requestKey;
    const { credential, grantProof } = request;
    const entry: Rejection = {
      error,
      until: this.#clock.monotonic() + this.#cooldown,
      blocks: error.code !== "invalid_response" || this.#find(key, request)?.error.code === "invalid_response",
      // The identity of a client doesn't depend on the grant's proof.
      hasProofOf: (other) => other.credential === credential && (isClient || other.grantProof === grantProof),
    };
    // Maps keep the order of insertion: the oldest entry goes first.
    this.#entries.delete(key);
    for (const oldest of this.#entries.keys()) if (this.#entries.size >= maxEntries) this.#entries.delete(oldest);
    this.#entries.set(key, entry);
  }

  /** Drops what is remembered of a request and its client, after a success. */
  forget(request: BuiltTokenRequest): void {
    if (this.#entries.size === 0) return;
    for (const key of [request.clientKey, request.requestKey]) {
      if (this.#find(key, request)) this.#entries.delete(key);
    }
  }

  #find(key: string, request: BuiltTokenRequest): Rejection | undefined {
    const entry = this.#entries.get(key);
    return entry && this.#clock.monotonic() < entry.until && entry.hasProofOf(request) ? entry : undefined;
  }
}

/** Whether the server rejected the client itself, whatever it asked for. A 401 says so by its status alone. */
export function isClientRejected(error: unknown): boolean {
  const { code, error: oauthError, status } = Object(error);
  return code === "token_request_refused" && (status === 401 || oauthError === "invalid_client");
}
