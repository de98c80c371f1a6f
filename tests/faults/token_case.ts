/**
 * What a case of the tables of token endpoints is made of.
 *
 * @module
 */

import type { AuthenticationError, AuthenticationErrorCode } from "../../mod.ts";
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

export interface Failure extends Partial<Pick<AuthenticationError, "status" | "error" | "error_description">> {
  code: AuthenticationErrorCode;
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

interface Special {
  /** The exchange's deadline, in milliseconds. Default: 2,000. */
  timeout?: number;
  /** Whether the client must break the connection off when it is done. Default: `false`. */
  hangsUp?: boolean;
}

export interface TokenCase extends Special {
  category: string;
  /** A sentence: what the token endpoint does. */
  name: string;
  behaviour: Behaviour | ((places: Places) => Behaviour);
  end: End;
}

/** A case in short. Where no end is given, it is the category's. */
export type Row = [name: string, behaviour: TokenCase["behaviour"], end?: End, special?: Special];

/** Cases of one category. */
export function category(name: string, rows: Row[], usualEnd: End = good(), usual: Special = {}): TokenCase[] {
  return rows.map(([sentence, behaviour, end = usualEnd, special = end === usualEnd ? usual : {}]) => ({
    category: name,
    name: sentence,
    behaviour,
    end,
    ...special,
  }));
}

export const { token: accessToken } = planted;
export const usual = { access_token: accessToken, token_type: "Bearer", expires_in: 3600, note: planted.body };
export const usualText = JSON.stringify(usual);
export const hour = 3_600_000;

export function good(over: Partial<GoodToken> = {}): GoodToken {
  return { accessToken, lifetime: hour, scope: undefined, ...over };
}

export const invalid = (status = 200): Failure => ({ code: "invalid_response", status, retryable: false });
export const network: Failure = { code: "network_error", retryable: true };
export const late: Failure = { code: "timeout", retryable: true };
export const unsupported: Failure = { code: "unsupported_token_type", status: 200, retryable: false };

export function failed(status: number, over: Partial<Failure> = {}): Failure {
  return { code: "token_endpoint_error", status, retryable: true, ...over };
}

/** A permanent failure without an OAuth error code: a wrong URL, mostly. */
export function wrong(status: number): Failure {
  return failed(status, { retryable: false });
}

export function refused(status: number, error: string, over: Partial<Failure> = {}): Failure {
  return { code: "token_request_rejected", status, error, retryable: false, ...over };
}
