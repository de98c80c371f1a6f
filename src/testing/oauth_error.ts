/**
 * Refusals of a test authorization server.
 *
 * @module
 */

/** An error of RFC 6749 §5.2 and its kin; it becomes the answer. */
export class OAuthError extends Error {
  override readonly name = "OAuthError";
  readonly error: string;
  readonly status: number;

  constructor(error: string, description: string, status: number = error === "invalid_client" ? 401 : 400) {
    super(description);
    this.error = error;
    this.status = status;
  }
}
