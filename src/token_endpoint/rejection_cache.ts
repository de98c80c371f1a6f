/**
 * A negative cache: the permanent errors of token requests, for a cool-down.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { markRemembered } from "../refresh/caller_error.ts";
import type { BuiltTokenRequest } from "./request.ts";
import { isClientRejected } from "./response.ts";

/** When an error was met, and for how long it is remembered, in milliseconds. */
interface Cooldown {
  readonly now: number;
  readonly cooldown: number;
  /** Whether no caller waits. */
  readonly isBackground?: boolean | undefined;
}

interface Rejection {
  readonly error: AuthenticationError;
  readonly until: number;
  /** Whether requests are kept back: an unusable answer may be a maintenance page, so the first one isn't trusted. */
  readonly isTrusted: boolean;
  /** Whether it was met in the background: then it is served there alone, and a caller asks. */
  readonly isBackground: boolean;
  /** Whether a request makes the same proof. A function, since browsers' consoles show what objects hold. */
  readonly matches: (request: BuiltTokenRequest) => boolean;
}

const maxEntries = 1_000;

/**
 * Answers a token request with the permanent error of its predecessor, for a cool-down.
 *
 * A wrong secret that is sent again and again may lock its client out. A request with another secret, or with any other
 * change, goes out at once; but where the client itself was rejected, other parameters make no difference.
 */
export class RejectionCache {
  readonly #entries = new Map<string, Rejection>();

  /** Throws the error that the same request, or its client, met within the cool-down. */
  throwIfRejected(request: BuiltTokenRequest, now: number, isBackground = false): void {
    const entry = this.#find(request, now);
    if (entry?.isTrusted && (isBackground || !entry.isBackground)) throw markRemembered(entry.error);
  }

  /** Remembers an error, if it is permanent. An attempt that was given up changes nothing. */
  remember(request: BuiltTokenRequest, error: unknown, { now, cooldown, isBackground = false }: Cooldown): void {
    // A proof that couldn't be made was never sent.
    const isPermanent = error instanceof AuthenticationError && !error.retryable && error.code !== "proof_failed";
    if (!isPermanent || request.signal.aborted) return;
    const { credential, grantProof, keys: [clientKey, requestKey] } = request;
    const isClient = isClientRejected(error);
    const key = isClient ? clientKey : requestKey;
    const isTrusted = error.code !== "invalid_response" || this.#find(request, now)?.error.code === error.code;
    // Maps keep the order of insertion: the oldest entry goes first.
    this.#entries.delete(key);
    if (this.#entries.size >= maxEntries) this.#entries.delete(this.#entries.keys().next().value!);
    this.#entries.set(key, {
      error,
      until: now + cooldown,
      isTrusted,
      isBackground,
      // The identity of a client doesn't depend on the grant's proof.
      matches: (other) => other.credential === credential && (isClient || other.grantProof === grantProof),
    });
  }

  /** Drops what is remembered of a request and its client, after a success. */
  forget(request: BuiltTokenRequest): void {
    for (const key of request.keys) if (this.#entries.get(key)?.matches(request)) this.#entries.delete(key);
  }

  #find(request: BuiltTokenRequest, now: number): Rejection | undefined {
    for (const key of request.keys) {
      const entry = this.#entries.get(key);
      if (entry && now < entry.until && entry.matches(request)) return entry;
    }
    return undefined;
  }
}
