/**
 * What a case of the tables of token endpoints is made of.
 *
 * @module
 */

import type { AuthenticationErrorCode } from "../../mod.ts";
import type { Behaviour } from "../servers/fault_server.ts";
import { planted } from "./planted.ts";

/** A good token, or why there is none. */
export type End = GoodToken | Failure;

export interface GoodToken {
  accessToken: string;
  /** Milliseconds from the exchange; `undefined` where the answer doesn't say. */
  lifetime: number | undefined;
  scope: string | undefined;
}

export interface Failure {
  code: AuthenticationErrorCode;
  status?: number;
  error?: string;
  error_description?: string;
  retryable: boolean;
  /** Milliseconds, or between which two. */
  retryAfter?: number | readonly [number, number];
}

/** Where the servers of a case are. */
export interface Places {
  /** The token endpoint. */
  here: string;
  /** A server of another origin, which nothing may reach. */
  elsewhere: string;
}

export interface TokenCase {
  category: string;
  /** A sentence: what the token endpoint does. */
  name: string;
  behaviour: Behaviour | ((places: Places) => Behaviour);
  end: End;
  /** The exchange's deadline, in milliseconds: what the case may take, too. Default: 2,000. */
  timeout?: number;
  /** Whether the client, being done, must break the connection off. Default: `false`. */
  hangsUp?: boolean;
}

/** Short, for the cases that wait for it. */
export const short = 120;

export const accessToken = planted.token;
export const usual = { access_token: accessToken, token_type: "Bearer", expires_in: 3600, note: planted.body };
export const usualText = JSON.stringify(usual);
export const hour = 3_600_000;

export const good = (over: Partial<GoodToken> = {}): GoodToken => ({
  accessToken,
  lifetime: hour,
  scope: undefined,
  ...over,
});
export const invalid = (status = 200): Failure => ({ code: "invalid_response", status, retryable: false });
export const network: Failure = { code: "network_error", retryable: true };
export const late: Failure = { code: "timeout", retryable: true };
export const failed = (status: number, over: Partial<Failure> = {}): Failure => ({
  code: "token_endpoint_error",
  status,
  retryable: true,
  ...over,
});
/** A failure that names no OAuth error code, and doesn't pass: a wrong URL, mostly. */
export const wrong = (status: number): Failure => failed(status, { retryable: false });
export const refused = (status: number, error: string, over: Partial<Failure> = {}): Failure => ({
  code: "token_request_rejected",
  status,
  error,
  retryable: false,
  ...over,
});

/** A case in short: name, behaviour, end, and what is special. */
export type Row = [
  name: string,
  behaviour: TokenCase["behaviour"],
  end: End,
  special?: Pick<TokenCase, "timeout" | "hangsUp">,
];
/** Cases of one category. */
export function category(name: string, rows: Row[]): TokenCase[] {
  return rows.map(([sentence, behaviour, end, special]) => ({
    category: name,
    name: sentence,
    behaviour,
    end,
    ...special,
  }));
}
