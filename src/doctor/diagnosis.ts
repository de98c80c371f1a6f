/**
 * What a diagnosis holds: checks, each with what was seen and what to change.
 *
 * @module
 */

import type { ClientCredentialsAuthenticatorOptions } from "../client_credentials.ts";
import type { DiagnosisCode } from "./codes.ts";

/** How a check ended: fine, fine with a remark, not fine, or not made. */
export type CheckStatus = "passed" | "warned" | "failed" | "skipped";

/** One thing that was looked at. All texts are free of secrets and tokens, and fit for a ticket. */
export interface Check {
  /** What was looked at, such as `name resolution` or `client authentication`. */
  readonly name: string;
  /** How it ended. */
  readonly status: CheckStatus;
  /** What was seen: one or two sentences. */
  readonly seen: string;
  /** What to change, by the name of the option. */
  readonly change?: string | undefined;
  /** What is wrong, as a stable word for programs. */
  readonly code?: DiagnosisCode | undefined;
  /** How long it took, in milliseconds. */
  readonly duration: number;
}

/** All checks, and the one that explains the failure. */
export interface Diagnosis {
  /** Whether a token was issued and the API accepted it; `false` where any check failed. */
  readonly isFine: boolean;
  /** The check that explains the failure: `undefined` if none failed. */
  readonly cause?: Check | undefined;
  /** All checks, in the order they were made. */
  readonly checks: readonly Check[];
  /** What has been ruled out: the names of the checks that passed. */
  readonly ruledOut: readonly string[];
  /** How many token requests with credentials were sent. */
  readonly tokenRequests: number;
  /** The runtime, as its user agent names it, such as `Deno/2.9.6`. */
  readonly runtime: string;
}

/** Configures {@linkcode diagnose}: the options of the authenticator that doesn't work, and these. */
export interface DiagnoseOptions extends ClientCredentialsAuthenticatorOptions {
  /** A path or URL of the API to call with the token, by GET. Default: `endpoint` itself. */
  request?: string | URL | undefined;
  /**
   * How many token requests with credentials may be sent at most: servers may lock a client out after several failures.
   * Of these at most two carry a secret that was refused, written in other ways.
   *
   * @default {6}
   */
  maxTokenRequests?: number | undefined;
  /** How long each request may take, in milliseconds; token requests twice as long. @default {5_000} */
  stepTimeout?: number | undefined;
  /** Gets each check when it has been made. */
  onCheck?: ((check: Check) => void) | undefined;
  /** Gets the name of each step when it starts: for a progress line. */
  onStep?: ((name: string) => void) | undefined;
  /** How advice names an option, where it comes from a flag or a variable: `{ clientSecret: "--secret-file" }`. */
  optionNames?: Readonly<Record<string, string>> | undefined;
  /** Ends the diagnosis. */
  signal?: AbortSignal | undefined;
}
