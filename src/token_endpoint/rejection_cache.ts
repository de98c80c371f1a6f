/**
 * A negative cache: the permanent errors of token requests, for a cool-down.
 *
 * A wrong secret that is sent again and again may lock its client out. A request with another secret, or with any other
 * change, goes out at once; but where the client itself was rejected, other parameters make no difference.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { BuiltTokenRequest } from "./request.ts";

interface Rejection {
  readonly error: AuthenticationError;
  readonly until: number;
  /** Whether requests are kept back: an unusable answer may be a maintenance page, so the first one isn't trusted. */
  readonly isTrusted: boolean;
  /** Whether a request makes the same proof. A function, since browsers' consoles show what objects hold. */
  readonly matches: (request: BuiltTokenRequest) => boolean;
}

/** Rejections by the request's key, or by the client's where the client was rejected. */
export type Rejections = Map<string, Rejection>;

const maxEntries = 1_000;

/** Finds the permanent error that the same request, or its client, met within the cool-down. */
export function findRejection(rejections: Rejections, request: BuiltTokenRequest, now: number): Rejection | undefined {
  for (const key of request.keys) {
    const entry = rejections.get(key);
    if (entry && now < entry.until && entry.matches(request)) return entry;
  }
  return undefined;
}

/** Remembers an error for a cool-down, if it is permanent. An attempt that was given up changes nothing. */
export function rememberRejection(
  rejections: Rejections,
  request: BuiltTokenRequest,
  { error, now, cooldown }: { error: unknown; now: number; cooldown: number },
): void {
  // A proof that couldn't be made was never sent.
  const isPermanent = error instanceof AuthenticationError && !error.retryable && error.code !== "proof_failed";
  if (!isPermanent || request.signal.aborted) return;
  const isClient = isClientRejected(error);
  const [clientKey, requestKey] = request.keys;
  const key = isClient ? clientKey : requestKey;
  const { credential, grantProof } = request;
  const isUnusable = error.code === "invalid_response";
  const isTrusted = !isUnusable || findRejection(rejections, request, now)?.error.code === error.code;
  // Maps keep the order of insertion: the oldest entry goes first.
  rejections.delete(key);
  if (rejections.size >= maxEntries) rejections.delete(rejections.keys().next().value!);
  rejections.set(key, {
    error,
    until: now + cooldown,
    isTrusted,
    // The identity of a client doesn't depend on the grant's proof.
    matches: (other) => other.credential === credential && (isClient || other.grantProof === grantProof),
  });
}

/** Drops what is remembered of a request and its client, after a success. */
export function forgetRejection(rejections: Rejections, request: BuiltTokenRequest): void {
  for (const key of request.keys) if (rejections.get(key)?.matches(request)) rejections.delete(key);
}

/** Whether the server rejected the client itself, whatever it asked for. A 401 says so by its status alone. */
export function isClientRejected(error: unknown): boolean {
  const { code, error: oauthError, status } = Object(error);
  return code === "token_request_refused" && (status === 401 || oauthError === "invalid_client");
}
