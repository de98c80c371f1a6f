/**
 * The value of the `Authorization` header by which a client presents its id and secret (RFC 6749 §2.3.1).
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";

/**
 * How the two halves are written before they are joined by a colon. `"form"`, the default, is what RFC 6749 §2.3.1
 * asks for. `"raw"` leaves them as they are (RFC 7617), as quite some servers expect. For an id and a secret of
 * letters, digits, `-`, `.`, `_` and `*` both are the same.
 */
export type BasicEncoding = "form" | "raw";

/** Settings of {@linkcode getBasicAuthorizationHeader}. */
export interface BasicAuthorizationOptions {
  /** How the two halves are written. Default: `"form"`. */
  encoding?: BasicEncoding | undefined;
}

/**
 * The `Authorization` header of a client that has an id and a secret (flytekit's
 * `get_basic_authorization_header`, which encodes the secret alone).
 *
 * @example
 * ```ts
 * import { getBasicAuthorizationHeader } from "@m2m/authenticator";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(getBasicAuthorizationHeader("client_id", "abc"), "Basic Y2xpZW50X2lkOmFiYw==");
 * ```
 *
 * @param clientId The client's identifier.
 * @param clientSecret The client's secret.
 * @param options How the two are encoded.
 * @returns `"Basic "` and the base64 of both halves, in UTF-8.
 * @throws {TypeError} If the encoding is neither `"form"` nor `"raw"`, or a raw id holds a colon, where the server
 * would split it (RFC 7617 §2).
 */
export function getBasicAuthorizationHeader(
  clientId: string,
  clientSecret: string,
  options: BasicAuthorizationOptions = {},
): string {
  const { encoding = "form" } = options;
  checkBasicEncoding(encoding);
  if (encoding === "raw" && clientId.includes(":")) {
    throw new TypeError(
      'A client id with a colon (RFC 7617 §2) needs encoding "form", or clientSecretPost.',
    );
  }
  const write = encoding === "form" ? formEncode : String;
  return `Basic ${encodeBase64(`${write(clientId)}:${write(clientSecret)}`)}`;
}

/** As `application/x-www-form-urlencoded` (RFC 6749 appendix B), by the encoder every runtime agrees on. */
export function formEncode(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}

/** Refuses a misspelt encoding: falling back silently could lock a client out after a few refused logins. */
export function checkBasicEncoding(value: unknown): asserts value is BasicEncoding {
  if (value !== "form" && value !== "raw") throw new TypeError('The Basic encoding must be "form" or "raw".');
}
