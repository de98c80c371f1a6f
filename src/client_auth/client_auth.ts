/**
 * Client authentication at the token endpoint (RFC 6749 §2.3), as a value.
 *
 * @module
 */

/** A token request on its way: what client authentication may read, and add to. */
export interface TokenRequest {
  /** Where the request goes. */
  readonly tokenEndpoint: URL;
  /** The authorization server's issuer identifier, where the settings name it. */
  readonly issuer: string | undefined;
  /** The client's identifier. */
  readonly clientId: string;
  /** Headers of the request. */
  readonly headers: Headers;
  /** Form parameters of the request's body. */
  readonly body: URLSearchParams;
  /** Ends when the request's time is up, or the authenticator is closed. */
  readonly signal: AbortSignal;
  /**
   * What the proof is made with: the secret itself, or a key's thumbprint; never shown. After a refusal the same
   * request isn't sent again for a while, unless this has changed. Default: unknown, which is taken for unchanged.
   */
  credential?: string;
  /** The `credential` that the server refused a moment ago, where this is the one attempt to do better. */
  readonly refused?: string | undefined;
  /**
   * What the grant is proven with besides, likewise: a token, or a key's thumbprint; never shown. A client that is
   * refused is refused whatever this is. Default: nothing.
   */
  grantProof?: string;
  /**
   * Names a string that must never be shown: it is taken out of whatever the server says.
   *
   * @param secret The secret, in the form in which it was sent or known.
   */
  redact(secret: string): void;
}

/**
 * Authenticates a client. Made by {@linkcode clientSecretBasic}, {@linkcode clientSecretPost} or
 * {@linkcode none}, or an object of your own.
 *
 * @example A vendor's own way
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
  /**
   * Puts the proof on a request. Called for every attempt.
   *
   * @param request The request to add to.
   */
  authenticate(request: TokenRequest): void | Promise<void>;
}

/** What a function that looks up a secret gets. */
export interface SecretAttempt {
  /** The secret that the server refused a moment ago: if another one is given now, the request is sent once more. */
  readonly refused?: string | undefined;
}

/** A client secret, or a function that looks it up each time it is needed. */
export type ClientSecret = string | ((attempt?: SecretAttempt) => string | Promise<string>);

/**
 * The secret as it is now. A provider's empty answer is an error here, for the server would only say
 * `invalid_client`.
 */
export async function currentSecret(secret: ClientSecret, request: TokenRequest): Promise<string> {
  const { refused } = request;
  const value = typeof secret === "function" ? await secret(refused ? { refused } : undefined) : secret;
  if (typeof value !== "string" || value === "") throw badSecret();
  request.redact(value);
  request.credential = value;
  return value;
}

/** Refuses what can't be a secret, before anything is asked with it. */
export function checkSecret(secret: unknown): asserts secret is ClientSecret {
  if (typeof secret !== "function" && (typeof secret !== "string" || secret === "")) throw badSecret();
}

function badSecret(): TypeError {
  return new TypeError("The client secret must be a string that is not empty, or a function that returns one.");
}
