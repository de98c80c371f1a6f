/**
 * A token in use, and the times of its life.
 *
 * @module
 */

import { type Clock, getAge, type Moment } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import { printAsJson } from "../printing.ts";
import type { IssuedCredentials, IssuingServer } from "../token_source.ts";
import type { RefreshingOptions } from "./tokens.ts";

/** How long before its end a token is refreshed in the background: a fifth of its life, 5 minutes at most. */
const refreshShare = 0.2;
const refreshAtMost = 300_000;
/** By how much of that window a refresh may start sooner besides, so that a fleet doesn't refresh in step. */
const jitterShare = 0.25;
/** The same for a token that the server has issued a second time: it would do so again. */
const repeatedShare = 0.05;
const repeatedAtMost = 30_000;
/** The least a token is used for, in milliseconds: no answer causes a request at every call. */
const shortestLife = 1_000;

/** A token in use. It doesn't change. */
export interface IssuedToken {
  /** The token and what is known of it. */
  readonly credentials: Credentials;
  /** Where it was issued, if known. */
  readonly server?: IssuingServer | undefined;
  /** The header that carries it, in lower case. */
  readonly headerKey: string;
  /** That header and its value: made once, and frozen. */
  readonly headers: Readonly<Record<string, string>>;
  /** The credentials as a settled promise, for all callers. */
  readonly settled: Promise<Credentials>;
}

/** A token with the times of its life: ages in milliseconds. */
export interface TimedToken extends IssuedToken {
  /** Just before it was requested: its way here is a part of its life. */
  readonly start: Moment;
  /** The age from which on it is refreshed in the background. */
  readonly refreshAge: number;
  /** The age at which it has expired. */
  readonly lifetime: number;
  /** Whether it was requested because the API rejected the one before. */
  readonly forRejection: boolean;
}

/** Options that {@linkcode issueToken} reads. */
type IssueOptions = Pick<RefreshingOptions, "headerKey" | "defaultLifetime" | "authorization">;

const bearer = ({ tokenType, accessToken }: Credentials) => `${tokenType} ${accessToken}`;

/** Makes a token of what the server issued. `start`: just before it was asked for. */
export function issueToken(
  { credentials, server, headerKey: named = "authorization", forRejection = false }: IssuedCredentials,
  start: Moment,
  previous: TimedToken | undefined,
  { headerKey: own = named, defaultLifetime = 300_000, authorization = bearer }: IssueOptions,
): TimedToken {
  // Redirects and a caller's own header are compared by it.
  const headerKey = own.toLowerCase();
  const { expiresAt = start.wall + defaultLifetime } = credentials;
  const lifetime = Math.max(expiresAt - start.wall, shortestLife);
  const window = previous !== undefined && isSameToken(previous, credentials)
    ? Math.min(lifetime * repeatedShare, repeatedAtMost)
    : Math.min(lifetime * refreshShare, refreshAtMost) * (1 + Math.random() * jitterShare);
  const headers = Object.freeze({ [headerKey]: authorization(credentials) });
  const settled = Promise.resolve(credentials);
  const fields = {
    credentials,
    server,
    headerKey,
    settled,
    start,
    refreshAge: lifetime - window,
    lifetime,
    forRejection,
  };
  return new Token(fields, headers);
}

interface Token extends TimedToken {}

class Token {
  constructor(fields: Omit<TimedToken, "headers">, headers: TimedToken["headers"]) {
    Object.assign(this, fields);
    // Left out by what copies, serializes or prints it.
    Object.defineProperty(this, "headers", { value: headers });
  }

  toJSON(): unknown {
    return { ...this };
  }

  static {
    printAsJson(this.prototype);
  }
}

/** How long a token lives from now on, in milliseconds; 0 or less once it has expired. */
export function getRemainingLifetime({ start, lifetime }: TimedToken, clock: Clock): number {
  return lifetime - getAge(start, clock);
}

/** Whether a token is the very one that these credentials hold. */
export function isSameToken({ credentials }: IssuedToken, { accessToken }: Credentials): boolean {
  return credentials.accessToken === accessToken;
}
