/**
 * Client authentication at the token endpoint (RFC 6749 §2.3), as a value.
 *
 * @module
 */

import type { ExplainRefusal } from "../jwt/clock_difference.ts";

/** Describes a token request, for client authentication to read and to add to. */
export interface TokenRequest {
  /** The token endpoint. */
  readonly tokenEndpoint: URL;
  /** The authorization server's issuer identifier, where the settings name it. */
  readonly issuer: string | undefined;
  /** The client's identifier. */
  readonly clientId: string;
  /** The request's headers. */
  readonly headers: Headers;
  /** The request's form parameters. */
  readonly body: URLSearchParams;
  /** Aborts when the request times out, or the authenticator is closed. */
  readonly signal: AbortSignal;
  /**
   * Identifies the credential: the secret itself, or a key's thumbprint; never shown. A refused request isn't sent
   * again during the `cooldown` unless this has changed.
   *
   * @default {undefined, which counts as unchanged}
   */
  credential?: string;
  /** The `credential` that the server has just refused, if this is the attempt after. */
  readonly refused?: string | undefined;
  /** Whether the server may have refused something else: it said no more than that the request is invalid, or nothing. */
  readonly isUncertain?: boolean | undefined;
  /** Called when the server has accepted the credential. */
  accepted?: () => void;
  /**
   * Identifies the grant's own proof: a token, or a key's thumbprint; never shown. It makes no difference to a refused
   * client.
   */
  grantProof?: string;
  /** Says more about a refusal, in a sentence for the error: that the clocks differ, say. */
  explainRefusal?: ExplainRefusal;
  /**
   * Redacts a string in all that the server says.
   *
   * @param secret The secret, as it was sent or known.
   */
  redact(secret: string): void;
}

/**
 * Authenticates a client. Made by {@linkcode clientSecretBasic}, {@linkcode clientSecretPost} or
 * {@linkcode none}, or an object of your own.
 *
 * @example A vendor's own method
 * ```ts
 * import type { ClientAuth } from "@m2m/authenticator";
 *
 * const vendorKey: ClientAuth = {
 *   method: "vendor_key",
 *   authenticate(request) {
 *     const key = "…";
 *     request.redact(key);
 *     request.headers.set("x-vendor-key", key);
 *     request.body.set("client_id", request.clientId);
 *   },
 * };
 * console.log(vendorKey.method);
 * ```
 */
export interface ClientAuth {
  /** The method's name, as in the OAuth registry of token endpoint authentication methods. */
  readonly method: string;
  /** Says what to check where the server rejects the client: a sentence for the error's message. Default: a general one. */
  readonly advice?: string | undefined;
  /** Takes its place where the server's metadata list that one's method, and not this one's. Default: none. */
  readonly alternative?: ClientAuth | undefined;
  /**
   * Adds the proof to a request. Called for every attempt.
   *
   * @param request The request to add to.
   */
  authenticate(request: TokenRequest): void | Promise<void>;
}

/** Tells a function that looks up a secret about the last attempt. */
export interface SecretAttempt {
  /** The secret that the server has just refused: if another is returned, the request is sent again. */
  readonly refused?: string | undefined;
  /** Whether the server may have refused something else than the secret. Default: `false`. */
  readonly isUncertain?: boolean | undefined;
}

/** Looks up a client secret for every attempt. */
export interface SecretFunction {
  /** Returns the secret. */
  (attempt?: SecretAttempt): string | Promise<string>;
  /**
   * Called when the server has accepted a secret.
   *
   * @param secret The secret.
   */
  accepted?(secret: string): void;
}

/** Holds a client secret, or a function that looks it up for every attempt. */
export type ClientSecret = string | SecretFunction;

/** Looks up the secret. An empty one throws: the server would only say `invalid_client`. */
export async function getSecret(secret: ClientSecret, request: TokenRequest): Promise<string> {
  const { refused, isUncertain } = request;
  const isFunction = typeof secret === "function";
  const value = isFunction ? await secret(refused ? { refused, isUncertain } : undefined) : secret;
  if (typeof value !== "string" || value === "") throw makeSecretError();
  if (isFunction && secret.accepted) request.accepted = () => secret.accepted!(value);
  request.redact(value);
  request.credential = value;
  return value;
}

/** Throws if this can't be a secret. */
export function checkSecret(secret: unknown): asserts secret is ClientSecret {
  if (typeof secret !== "function" && (typeof secret !== "string" || secret === "")) throw makeSecretError();
}

function makeSecretError(): TypeError {
  return new TypeError("The client secret must be a string that is not empty, or a function that returns one.");
}
