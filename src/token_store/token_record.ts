/**
 * Tokens as stored texts.
 *
 * @module
 */

import { Credentials } from "../credentials.ts";
import { freezeJson, parseJsonObject } from "../http/json.ts";
import type { StoredValue } from "./token_store.ts";

/** The format. A record of another one is a miss. */
const version = 1;
/** The longest text that is parsed: what a token endpoint may answer, twice over. */
const longest = 2_097_152;
/** A token that lives no longer than this isn't worth sharing, in milliseconds: its record is a miss. */
export const leastLifetime = 1_000;

/**
 * Makes the record of a token that lives so many milliseconds from `now` on, by the wall clock. `forRejection`: it was
 * requested because the API rejected the one before.
 */
export function serializeRecord(
  credentials: Credentials,
  { lifetime, now, forRejection }: { lifetime: number; now: number; forRejection: boolean },
): string {
  const { accessToken, tokenType, scope, response } = credentials;
  const times = { lifetime: Math.floor(lifetime), issuedAt: now };
  const record = { version, accessToken, tokenType, scope, ...times, forRejection, response };
  // Engines differ in what they do to other characters.
  return JSON.stringify(record).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** A token that was stored. */
export interface StoredToken {
  readonly credentials: Credentials;
  /** How long ago it was issued, in milliseconds. */
  readonly age: number;
  /** Whether it was requested because the API rejected the one before. */
  readonly forRejection: boolean;
}

/**
 * Parses what a store has. What is damaged, foreign, of another format or about to end is `undefined`. `now`: the wall
 * clock just before the store was asked.
 *
 * The remaining lifetime is the store's own, where it has a clock. Otherwise it counts from the writer's clock: one that
 * is ahead of this one makes the token as old as this moment, and never younger.
 */
export function parseRecord({ value, remainingLifetime }: StoredValue, now: number): StoredToken | undefined {
  const record = value.length > longest ? undefined : parseJsonObject(value);
  if (record?.version !== version) return undefined;
  const { accessToken, tokenType, scope, lifetime, issuedAt, response } = record;
  const isWhole = typeof accessToken === "string" && typeof tokenType === "string" &&
    (scope === undefined || typeof scope === "string") && typeof response === "object" && response !== null &&
    Number.isFinite(lifetime) && Number.isFinite(issuedAt);
  if (!isWhole) return undefined;
  const age = Math.max(
    0,
    remainingLifetime === undefined ? now - (issuedAt as number) : lifetime as number - remainingLifetime,
  );
  const remaining = lifetime as number - age;
  if (!(remaining > leastLifetime)) return undefined;
  try {
    const expiresAt = now + remaining;
    return {
      credentials: new Credentials({
        accessToken,
        tokenType,
        scope,
        expiresAt,
        response: freezeJson(response as Record<string, unknown>),
      }),
      age,
      forRejection: record.forRejection === true,
    };
  } catch {
    return undefined;
  }
}
