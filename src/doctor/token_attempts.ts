/**
 * Token requests of a diagnosis: within its budget, and remembered where they succeed.
 *
 * @module
 */

import type { ClientCredentialsAuthenticatorOptions } from "../client_credentials.ts";
import type { Examination, TokenAttempt } from "./examination.ts";
import type { OwnProofs } from "./own_proofs.ts";

/** Options that differ from those given. */
export type Changes = Partial<ClientCredentialsAuthenticatorOptions>;

/** A request that was refused. */
export interface RefusedRequest {
  readonly examination: Examination;
  readonly own: OwnProofs;
  readonly attempt: TokenAttempt;
  /** What it took to have the client accepted. */
  readonly changes: Changes;
}

/** Requests a token; `undefined` where no request is left. */
export async function tryToken(examination: Examination, changes: Changes = {}): Promise<TokenAttempt | undefined> {
  if (examination.tokenRequestsLeft <= 0) return undefined;
  try {
    return await examination.requestToken(changes);
  } catch (error) {
    // A repeat with the server's nonce may have been one too many.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Remembers the token, if the attempt got one, and the options that it took. */
export function noteToken({ facts }: Examination, attempt: TokenAttempt | undefined, changes: Changes): boolean {
  const { credentials } = attempt ?? {};
  if (!attempt || !credentials) return false;
  facts.issued = { ...attempt, credentials };
  if (Object.keys(changes).length > 0) facts.working = changes;
  return true;
}

/** Counts for a sentence: `1 attempt`, `2 attempts`. */
export function countAttempts(count: number): string {
  return `${count} attempt${count === 1 ? "" : "s"}`;
}

/** Tries a refused request with these changes, to say whether the rest is fine. */
export async function tryWith(
  { examination, changes }: RefusedRequest,
  more: Changes,
): Promise<TokenAttempt | undefined> {
  const all = { ...changes, ...more };
  const attempt = await tryToken(examination, all);
  noteToken(examination, attempt, all);
  return attempt;
}
