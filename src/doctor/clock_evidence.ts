/**
 * Whether a signed request is dated outside of what servers tolerate, by their own `Date`.
 *
 * @module
 */

import type { DiagnosisCode } from "./codes.ts";
import type { Exchange } from "./examination.ts";
import { type ReadJwt, readMoment } from "../jwt/read_jwt.ts";

/** What a server's `Date` may be off by itself: its whole second, and the way of the answer. In milliseconds. */
const tolerance = 2_000;
/** The oldest proof that all known servers accept (RFC 9449 §11.1), in milliseconds. */
const oldestProof = 60_000;

/** A clock that is off. */
export interface ClockEvidence {
  readonly code: Extract<DiagnosisCode, "clock_ahead" | "clock_behind">;
  /** Such as `87 seconds ahead of the server's`. */
  readonly figure: string;
  /** By how much, in milliseconds; positive. */
  readonly by: number;
}

/** What is dated, and by which server. */
export interface DatedRequest {
  /** A client assertion, or a DPoP proof. */
  readonly jwt: ReadJwt | undefined;
  /** The server's answer that refused it. */
  readonly answer: Pick<Exchange, "headers" | "receivedAt"> | undefined;
  /** How far this machine's clock is ahead, in milliseconds, where that is known. */
  readonly offset?: number | undefined;
}

/** Finds out by how much the clock is off; `undefined` if that can't be why the server refuses. */
export function findClockEvidence({ jwt, answer, offset }: DatedRequest): ClockEvidence | undefined {
  const server = Date.parse(answer?.headers.get("date") ?? "");
  if (!jwt || !answer || Number.isNaN(server)) return undefined;
  const issued = Math.max(readMoment(jwt, "iat") ?? -Infinity, readMoment(jwt, "nbf") ?? -Infinity);
  const ends = readMoment(jwt, "exp") ?? issued + oldestProof;
  const isAhead = issued - server > tolerance;
  if (!isAhead && server - ends < tolerance) return undefined;
  // Without an offset: a part of what this clock is off by, as requests are dated back, and live for a while.
  const own = offset ?? answer.receivedAt - server;
  const dated = isAhead ? issued - server : ends - server;
  const by = Math.abs(Math.sign(own) === Math.sign(dated) ? Math.max(Math.abs(own), Math.abs(dated)) : dated);
  return {
    code: isAhead ? "clock_ahead" : "clock_behind",
    figure: `${Math.round(by / 1_000).toLocaleString("en")} seconds ${isAhead ? "ahead of" : "behind"} the server's`,
    by,
  };
}

/** What to change about the clock; `option` makes the signed request. */
export function adviseOnClock({ code, by }: ClockEvidence, option: string): string {
  const until = code === "clock_ahead" && by < 290_000
    ? ` Until then: clockSkew: ${Math.ceil(by / 1_000) * 1_000 + 5_000} in the options of ${option}.`
    : "";
  return `Synchronize this machine's clock by NTP (timedatectl set-ntp true; a container has its host's).${until}`;
}
