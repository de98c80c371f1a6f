/** What the table of answers in tests/faults leaves out. */

import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { parseTokenResponse } from "../../src/token_endpoint/response.ts";

const requestedAt = 1_000_000;

function parse(body: object, status = 200, secret = "planted") {
  const sanitize = (text: string) => text.replaceAll(secret, "[redacted]");
  const context = {
    ...{ url: "https://auth.test/token", tokenTypes: ["Bearer"] },
    ...{ requestedAt, now: requestedAt + 500, sanitize },
  };
  return parseTokenResponse({ status, headers: new Headers(), text: JSON.stringify(body) }, context);
}

function getError(...args: Parameters<typeof parse>): AuthenticationError {
  const error = assertThrows(() => parse(...args), AuthenticationError);
  assertEquals(Deno.inspect(error).includes("planted"), false);
  return error;
}

Deno.test("parseTokenResponse: takes any token68, and a refresh token; the lifetime begins with the request", () => {
  const access_token = "00D!AQ.x_y-z~1+/==";
  const { accessToken, refreshToken, expiresAt } = parse({ access_token, refresh_token: "r", expires_in: 60 });
  assertEquals([accessToken, refreshToken, expiresAt], [access_token, "r", requestedAt + 60_000]);
  assertEquals(parse({ access_token, refresh_token: "" }).refreshToken, undefined);
});

for (const access_token of ["planted b", "planted\u00e9"]) {
  Deno.test(`parseTokenResponse: ${access_token} is invalid_response`, () => {
    const { code, retryable } = getError({ access_token });
    assertEquals([code, retryable], ["invalid_response", false]);
  });
}

const failures: [body: { error: string; access_token?: string }, status: number, error?: string][] = [
  [{ error: "server_error" }, 500],
  [{ error: "temporarily_unavailable" }, 400],
  [{ error: "authorization_pending" }, 400],
  [{ error: "slow_down" }, 429],
  [{ error: "use_dpop_nonce" }, 401],
  [{ error: "invalid_request" }, 503],
  // No codes; some may be secrets.
  [{ error: "Not Found" }, 404, ""],
  [{ error: "x".repeat(65) }, 400, ""],
  [{ error: "t", access_token: "t" }, 400, ""],
];
for (const [body, status, error = body.error] of failures) {
  Deno.test(`parseTokenResponse: a ${status} with ${body.error} is token_endpoint_error`, () => {
    const { code, retryable, error: actual = "", message } = getError(body, status);
    assertEquals([code, actual, retryable], ["token_endpoint_error", error, error !== ""]);
    if (status === 404) assertStringIncludes(message, "Check that this URL is the token endpoint.");
  });
}

Deno.test("parseTokenResponse: a 401 without a code is invalid_client, which is kept though it contains the secret", () => {
  for (const error of [getError({ error: "Bad Thing" }, 401), getError({ error: "invalid_client" }, 401, "client")]) {
    assertEquals([error.code, error.error, error.retryable], ["token_request_rejected", "invalid_client", false]);
  }
});

Deno.test("parseTokenResponse: advises on invalid_target", () => {
  assertStringIncludes(getError({ error: "invalid_target" }, 400).message, "Check audience and resource.");
});

Deno.test("parseTokenResponse: redacts a token that the description quotes", () => {
  const tokens = { access_token: "tok-4711", refresh_token: "" };
  const error = getError({ error: "own_code", error_description: "for tok-4711", ...tokens }, 400);
  assertEquals([error.error, error.error_description], ["own_code", "for [redacted]"]);
});
