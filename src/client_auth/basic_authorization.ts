/**
 * The `Authorization` header with a client's id and secret (RFC 6749 §2.3.1).
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";

/**
 * Names how id and secret are encoded: `"form"` as in RFC 6749 §2.3.1, `"raw"` not at all (RFC 7617), as some servers
 * expect. Both are the same for letters, digits, `-`, `.`, `_` and `*`.
 */
export type BasicEncoding = "form" | "raw";

/** Options of {@linkcode getBasicAuthorizationHeader}. */
export interface BasicAuthorizationOptions {
  /**
   * Sets how id and secret are encoded.
   *
   * @default {"form"}
   */
  encoding?: BasicEncoding | undefined;
}

/**
 * Makes the `Authorization` header of a client with a secret. Flytekit's `get_basic_authorization_header` encodes the
 * secret only.
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
 * @param options How both are encoded.
 * @returns `"Basic "` and the base64 of `id:secret` in UTF-8.
 * @throws {TypeError} If the encoding is neither `"form"` nor `"raw"`, or a raw id has a colon (RFC 7617 §2).
 */
export function getBasicAuthorizationHeader(
  clientId: string,
  clientSecret: string,
  options: BasicAuthorizationOptions = {},
): string {
  const { encoding = "form" } = options;
  checkBasicEncoding(encoding);
  if (encoding === "raw" && clientId.includes(":")) {
    throw new TypeError('A client id with a colon (RFC 7617 §2) needs encoding "form", or clientSecretPost.');
  }
  const encode = encoding === "form" ? formEncode : String;
  return `Basic ${encodeBase64(`${encode(clientId)}:${encode(clientSecret)}`)}`;
}

/** Encodes as `application/x-www-form-urlencoded` (RFC 6749 appendix B). */
export function formEncode(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}

/** Throws on an unknown encoding: with a silent default, refused logins could lock the client out. */
export function checkBasicEncoding(value: unknown): asserts value is BasicEncoding {
  if (value !== "form" && value !== "raw") throw new TypeError('The Basic encoding must be "form" or "raw".');
}
