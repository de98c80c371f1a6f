/** What the table of answers in tests/faults leaves out. */

import { assertEquals, assertThrows } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { readLifetime } from "../../src/token_endpoint/lifetime.ts";
import { parseTokenResponse } from "../../src/token_endpoint/response.ts";
import { assertHides } from "../client_auth/showing.ts";

const requestedAt = 1_000_000;

function parse(body: object, status = 200, secret = "planted", more = {}) {
  const sanitize = (text: string, ...tokens: string[]) =>
    [secret, ...tokens].reduce((text, each) => text.replaceAll(each, "[redacted]"), text);
  const context = {
    ...{ url: "https://auth.test/token", tokenTypes: ["Bearer"] },
    ...{ requestedAt, now: requestedAt + 500, sanitize, ...more },
  };
  return parseTokenResponse({ status, headers: new Headers(), text: JSON.stringify(body) }, context);
}

Deno.test("parseTokenResponse: takes any token68, and a refresh token; the lifetime begins with the request", () => {
  const access_token = "00D!AQ.x_y-z~1+/==";
  const { accessToken, refreshToken, expiresAt } = parse({ access_token, refresh_token: "r", expires_in: 60 });
  assertEquals([accessToken, refreshToken, expiresAt], [access_token, "r", requestedAt + 60_000]);
  assertEquals(parse({ access_token, refresh_token: "" }).refreshToken, undefined);
  assertEquals(parse({ access_token, token_type: 7 }, 200, "x", { tokenType: "OAuth" }).tokenType, "OAuth");
});

const [refused, failed] = ["token_request_rejected", "token_endpoint_error"];
const quoting = { error: "own_code", error_description: "for tok-4711", access_token: "tok-4711" };
type More = Partial<Record<"says" | "error_description" | "secret", string>>;
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
  // A sentence may stand elsewhere. What has no blank may be a token.
  ...[400, 403].flatMap((status): typeof failures => [
    [{ error: "missing planted value" }, status, failed, "", { error_description: "missing [redacted] value" }],
    [{ error: { code: 403, message: "API not enabled" } }, status, failed, "", {
      error_description: "API not enabled",
    }],
    [{ message: "no route matched" }, status, failed, "", { error_description: "no route matched" }],
    [{ title: "Bad", detail: "it is unknown" }, status, failed, "", { error_description: "it is unknown" }],
    [{ error_description: {}, message: "no route" }, status, failed, "", { error_description: "no route" }],
    [{ error: "eyJhbGciOi.token", message: `Bearer ${"x".repeat(30)}`, title: "x" }, status, failed, ""],
  ]),
];
for (const [body, status, code, error, { says = "", error_description, secret } = {}] of failures) {
  Deno.test(`parseTokenResponse: a ${status} with ${JSON.stringify(body).slice(0, 80)} is ${code}`, () => {
    const thrown = assertThrows(() => parse(body, status, secret), AuthenticationError, says);
    assertEquals([thrown.code, thrown.error ?? "", thrown.error_description], [code, error, error_description]);
    assertEquals(thrown.retryable, code === failed && error !== "");
    assertHides(thrown, ["planted"]);
  });
}

const now = 1_800_000_000_000;
const claims = btoa(JSON.stringify({ iat: now / 1_000, exp: now / 1_000 + 60 }));
const lifetimes: [answer: Record<string, unknown>, seconds: number | undefined, token?: string][] = [
  [{ expires_in: 3_600_000 }, 3_600_000],
  [{ expires_in: 315_360_000 }, 315_360_000],
  [{ expires_in: 3_600_000, expires_on: now / 1_000 + 3_600 }, 3_600],
  [{ expires_in: 3_600_000, expires_at: "2027-01-15T09:00:00Z" }, 3_600],
  [{ expires_in: 3_600_000 }, 60, `e.${claims}.s`],
  // A clock that is half an hour ahead, and one behind.
  [{ expires_in: 3_600, expires_on: now / 1_000 + 1_800 }, 3_600],
  [{ expires_in: "3600", expires_on: String(now / 1_000 + 5_400) }, 3_600],
  [{ expires: 120 }, 120],
  [{ expires_in: 1e300, expires_at: now + 5_000 }, 5],
  [{ expires_in: -1, expires_on: 0 }, undefined],
];
Deno.test("readLifetime: takes the shorter of what is plausible", () => {
  for (const [answer, seconds, token = "t"] of lifetimes) {
    assertEquals(readLifetime(answer, token, now), seconds && seconds * 1_000, JSON.stringify(answer));
  }
});
