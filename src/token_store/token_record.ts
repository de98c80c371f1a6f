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

/** What a record says of a token besides. */
export interface TokenCircumstances {
  /** How long it lives from `now` on, in milliseconds. */
  readonly lifetime: number;
  /** When it was requested, by the wall clock. */
  readonly now: number;
  /** Whether it was requested because the API rejected the one before. */
  readonly forRejection: boolean;
}

/** Makes a token's record; `undefined` of one that can't be written (a caller's own source may give any `response`). */
export function serializeRecord(
  { accessToken, tokenType, scope, response }: Credentials,
  { lifetime, now, forRejection }: TokenCircumstances,
): string | undefined {
  const times = { lifetime: Math.floor(lifetime), issuedAt: now };
  const record = { version, accessToken, tokenType, scope, ...times, forRejection, response };
  const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  try {
    // Engines differ in what they do to other characters.
    return JSON.stringify(record).replace(/[^\x20-\x7e]/g, escape);
  } catch {
    return undefined;
  }
}

/** Longer lifetimes than this are nonsense, and records that are so much older than their token's end are, in milliseconds. */
const longestLifetime = 10 * 365 * 24 * 3_600_000;
const longestAfterlife = 3_600_000;

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
  const record = typeof value !== "string" || value.length > longest ? undefined : parseJsonObject(value);
  if (record?.version !== version) return undefined;
  const { accessToken, tokenType, scope, response } = record;
  const [lifetime, issuedAt] = [record["lifetime"], record["issuedAt"]] as [number, number];
  const isWhole = typeof accessToken === "string" && typeof tokenType === "string" &&
    (scope === undefined || typeof scope === "string") && typeof response === "object" && response !== null &&
    Number.isFinite(issuedAt) && lifetime <= longestLifetime;
  // An old record that was put back is one whatever the store's clock says of it.
  if (!isWhole || now - issuedAt > lifetime + longestAfterlife) return undefined;
  const age = Math.max(0, remainingLifetime === undefined ? now - issuedAt : lifetime - remainingLifetime);
  const remaining = lifetime - age;
  if (!(remaining > leastLifetime)) return undefined;
  try {
    const known = { accessToken, tokenType, scope, expiresAt: now + remaining };
    const credentials = new Credentials({ ...known, response: freezeJson(response as Record<string, unknown>) });
    return { credentials, age, forRejection: record["forRejection"] === true };
  } catch {
    return undefined;
  }
}
