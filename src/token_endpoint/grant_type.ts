/**
 * The grants a token can be asked for by.
 *
 * @module
 */

/** The `grant_type` values flytekit knows (its `GrantType`). {@linkcode getToken} takes any other string as well. */
export const GrantType = {
  /** The client acts for itself (RFC 6749 §4.4). */
  CLIENT_CREDS: "client_credentials",
  /** A device whose user signs in elsewhere (RFC 8628 §3.4). */
  DEVICE_CODE: "urn:ietf:params:oauth:grant-type:device_code",
  /** A refresh token for a new access token (RFC 6749 §6). */
  REFRESH_TOKEN: "refresh_token",
} as const;

/** One of the values of {@linkcode GrantType}. */
export type GrantType = typeof GrantType[keyof typeof GrantType];
