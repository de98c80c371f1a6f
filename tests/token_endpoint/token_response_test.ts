/** What the table of answers in tests/faults leaves out. */

import { assertEquals, assertThrows } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { parseTokenResponse } from "../../src/token_endpoint/response.ts";
import { assertHides } from "../client_auth/showing.ts";

const requestedAt = 1_000_000;

function parse(body: object, status = 200, secret = "planted") {
  const sanitize = (text: string) => text.replaceAll(secret, "[redacted]");
  const context = {
    ...{ url: "https://auth.test/token", tokenTypes: ["Bearer"] },
    ...{ requestedAt, now: requestedAt + 500, sanitize },
  };
  return parseTokenResponse({ status, headers: new Headers(), text: JSON.stringify(body) }, context);
}

Deno.test("parseTokenResponse: takes any token68, and a refresh token; the lifetime begins with the request", () => {
  const access_token = "00D!AQ.x_y-z~1+/==";
  const { accessToken, refreshToken, expiresAt } = parse({ access_token, refresh_token: "r", expires_in: 60 });
  assertEquals([accessToken, refreshToken, expiresAt], [access_token, "r", requestedAt + 60_000]);
  assertEquals(parse({ access_token, refresh_token: "" }).refreshToken, undefined);
});

const [refused, failed] = ["token_request_rejected", "token_endpoint_error"];
const quoting = { error: "own_code", error_description: "for tok-4711", access_token: "tok-4711" };
interface More {
  readonly says?: string;
  readonly error_description?: string;
  readonly secret?: string;
}
const failures: [body: object, status: number, code: string, error: string, more?: More][] = [
  [{ error: "authorization_pending" }, 400, failed, "authorization_pending"],
  [{ error: "use_dpop_nonce" }, 401, failed, "use_dpop_nonce"],
  // No codes; some may be secrets.
  [{ error: "Not Found" }, 404, failed, "", { says: "Check that this URL is", error_description: "Not Found" }],
  [{ error: "x".repeat(65) }, 400, failed, ""],
  [{ error: "t", access_token: "t" }, 400, failed, ""],
  [{ error: "Bad Key" }, 401, refused, "invalid_client", { says: "Check the client's", error_description: "Bad Key" }],
  // Kept, though it contains the secret.
  [{ error: "invalid_client" }, 401, refused, "invalid_client", { secret: "client" }],
  [{ error: "invalid_target" }, 400, refused, "invalid_target", { says: "Check audience and resource." }],
  [quoting, 400, refused, "own_code", { error_description: "for [redacted]" }],
];
for (const [body, status, code, error, { says = "", error_description, secret } = {}] of failures) {
  Deno.test(`parseTokenResponse: a ${status} with ${JSON.stringify(body).slice(0, 80)} is ${code}`, () => {
    const thrown = assertThrows(() => parse(body, status, secret), AuthenticationError, says);
    assertEquals([thrown.code, thrown.error ?? "", thrown.error_description], [code, error, error_description]);
    assertEquals(thrown.retryable, code === failed && error !== "");
    assertHides(thrown, ["planted"]);
  });
}
