/**
 * What a program reports of an authenticator: the API's status, or the error. For all runtimes.
 *
 * @module
 */

import type { AuthenticationError, Authenticator, AuthenticatorEvent, AuthenticatorOptions } from "@m2m/authenticator";

/** Makes an authenticator, with a listener if given. */
export type Make<T = Authenticator | Promise<Authenticator>> = (on?: Pick<AuthenticatorOptions, "onEvent">) => T;

export type ErrorFacts = readonly [name: string, code: string, status: number, error: string, retryable: boolean];

export interface Refusal {
  readonly error: ErrorFacts;
  /** All that can be printed of the error, the authenticator and its events. */
  readonly printed: string;
  /** A token that the authenticator has nevertheless. */
  readonly token: string | undefined;
}

/** Makes the facts of an error of the server's. */
export function refusedBy(status: number, error: string): ErrorFacts {
  return ["AuthenticationError", "token_request_rejected", status, error, false];
}

type Inspector = { inspect(value: unknown, options: object): string };
const { Deno, process } = globalThis as {
  Deno?: Inspector;
  process?: { getBuiltinModule?(name: "node:util"): Inspector | undefined };
};

/** Asks for a token, which must fail. */
export async function getRefusal(make: Make): Promise<Refusal> {
  const events: AuthenticatorEvent[] = [];
  const authenticator = await make({ onEvent: (event) => void events.push(event) });
  const attempt = authenticator.getCredentials().then(() => authenticator.close());
  const error: AuthenticationError = await attempt.then(() => new Error("nothing was refused"), (error) => error);
  const inspectors = [Deno, process?.getBuiltinModule?.("node:util")];
  const texts = [error, error.cause, events, authenticator].flatMap((value) => [
    ...inspectors.map((each) => each?.inspect(value, { depth: 10, showHidden: true, getters: true })),
    String(value),
    JSON.stringify(value),
  ]);
  const token = authenticator.credentials?.accessToken;
  await authenticator.close().catch(() => {});
  const { name, code, status = 0, error: word = "", retryable } = error;
  return {
    token,
    error: [name, code, status, word, retryable],
    printed: [...texts, error.message, error.stack, error.error_description].join("\n"),
  };
}

export async function getStatus(sending: Promise<Response>): Promise<number> {
  const response = await sending;
  await response.text();
  return response.status;
}

/** Reads the claims of the last token. */
export function readClaims({ credentials }: Authenticator): Record<string, unknown> {
  const [, payload = ""] = credentials?.accessToken.split(".") ?? [];
  return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
}
