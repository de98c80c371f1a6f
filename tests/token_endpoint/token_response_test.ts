import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { parseTokenResponse } from "../../src/token_endpoint/response.ts";

const requestedAt = 1_000_000;

function judge(body: unknown, status = 200, headers: Record<string, string> = {}) {
  return parseTokenResponse(
    { status, headers: new Headers(headers), text: typeof body === "string" ? body : JSON.stringify(body) },
    {
      url: "https://auth.test/token",
      tokenTypes: ["Bearer"],
      requestedAt,
      now: requestedAt + 500,
      sanitize: (text) => text.replaceAll("planted", "[redacted]"),
    },
  );
}

function refuse(body: unknown, status = 200, headers: Record<string, string> = {}): AuthenticationError {
  return assertThrows(() => judge(body, status, headers), AuthenticationError);
}

Deno.test("a lifetime counts from before the request was sent", () => {
  assertEquals(judge({ access_token: "t", expires_in: 60 }).expiresAt, requestedAt + 60_000);
  assertEquals(judge({ access_token: "t" }).expiresAt, undefined);
});

Deno.test("oddities that harm nobody are accepted", () => {
  assertEquals(judge({ access_token: "t" }).tokenType, "Bearer", "no token_type");
  assertEquals(judge({ access_token: "t", token_type: "bEaReR" }).tokenType, "Bearer");
  assertEquals(judge({ access_token: "t", token_type: null, error: null }).accessToken, "t");
  assertEquals(judge({ access_token: "t", scope: ["a"] }).scope, undefined);
  assertEquals(judge({ access_token: "00D!AQ.x_y-z~1+/==" }, 201).accessToken, "00D!AQ.x_y-z~1+/==");
  assertEquals(judge({ access_token: "t" }, 200, { "content-type": "text/html" }).accessToken, "t");
  assertEquals(judge({ access_token: "t", refresh_token: "r" }).refreshToken, "r");
  assertEquals(judge({ access_token: "t", refresh_token: "" }).refreshToken, undefined);
});

Deno.test("a token that no header may carry is refused, and not shown", () => {
  for (const token of ["a b", "a\r\nx: y", "a\n", "ä", "a\u0000", 'a"b', "a,b", "a=b", "日本"]) {
    const error = refuse({ access_token: `planted${token}` });
    assertEquals([error.code, error.retryable], ["invalid_response", false], token);
    assertEquals(Deno.inspect(error).includes("planted"), false);
  }
});

Deno.test("an answer without a token is refused", () => {
  for (
    const body of [
      "",
      "null",
      "[]",
      '"t"',
      "7",
      "<html>planted</html>",
      "access_token=planted",
      "{",
      {},
      { access_token: "" },
      { access_token: 7 },
      { access_token: ["t"] },
    ]
  ) {
    const error = refuse(body);
    assertEquals(error.code, "invalid_response", JSON.stringify(body));
    assertEquals(Deno.inspect(error).includes("planted"), false);
  }
});

Deno.test("another kind of token is refused", () => {
  for (const token_type of ["mac", "DPoP", "N_A", "", 7, {}]) {
    assertEquals(
      refuse({ access_token: "t", token_type }).code,
      "unsupported_token_type",
      String(token_type),
    );
  }
});

Deno.test("an error in a 200 is an error", () => {
  const error = refuse({ error: "invalid_scope", error_description: "no such scope", access_token: "t" });
  assertEquals([error.code, error.status, error.error], ["token_request_rejected", 200, "invalid_scope"]);
  assertEquals(error.error_description, "no such scope");
  assertEquals(refuse({ error: { code: 7 }, access_token: "t" }).code, "invalid_response");
});

Deno.test("a refusal with an OAuth error code is for good", () => {
  for (
    const [status, code] of [[400, "invalid_request"], [401, "invalid_client"], [400, "scope_invalid"], [
      404,
      "other_error",
    ], [403, "access_denied"]] as const
  ) {
    const error = refuse({ error: code }, status);
    assertEquals([error.code, error.error, error.status, error.retryable], [
      "token_request_rejected",
      code,
      status,
      false,
    ]);
  }
});

Deno.test("failures are transient by status or by code; all others are permanent", () => {
  const cases: [body: unknown, status: number, code: string, retryable: boolean, error?: string][] = [
    ["", 500, "token_endpoint_error", true],
    ["busy", 503, "token_endpoint_error", true],
    ["", 408, "token_endpoint_error", true],
    ["", 425, "token_endpoint_error", true],
    ["", 429, "token_endpoint_error", true],
    [{ error: "server_error" }, 500, "token_endpoint_error", true, "server_error"],
    [{ error: "temporarily_unavailable" }, 400, "token_endpoint_error", true, "temporarily_unavailable"],
    [{ error: "authorization_pending" }, 400, "token_endpoint_error", true, "authorization_pending"],
    [{ error: "slow_down" }, 429, "token_endpoint_error", true, "slow_down"],
    [{ error: "use_dpop_nonce" }, 401, "token_endpoint_error", true, "use_dpop_nonce"],
    [{ error: "invalid_request" }, 503, "token_endpoint_error", true, "invalid_request"],
    [{ error: "invalid_client" }, 429, "token_endpoint_error", true, "invalid_client"],
    ["<html>blocked by the firewall</html>", 403, "token_endpoint_error", false],
    [{ message: "Not Found", error: "Not Found" }, 404, "token_endpoint_error", false],
    ["", 405, "token_endpoint_error", false],
    ["", 407, "token_endpoint_error", false],
    ["", 501, "token_endpoint_error", false],
    ["", 401, "token_request_rejected", false, "invalid_client"],
    ["Bad credentials", 401, "token_request_rejected", false, "invalid_client"],
    [{ error: "Bad Thing" }, 401, "token_request_rejected", false, "invalid_client"],
    [{ error: "unauthorized_client" }, 401, "token_request_rejected", false, "unauthorized_client"],
  ];
  for (const [body, status, code, retryable, oauthError] of cases) {
    const { code: actual, ...error } = refuse(body, status);
    assertEquals([actual, error.retryable, error.status, error.error], [code, retryable, status, oauthError]);
  }
  assertStringIncludes(refuse("<p>", 404).message, "Check that this URL is the token endpoint.");
});

Deno.test("the server's wish to be left alone is kept, in milliseconds", () => {
  assertEquals(refuse("", 429, { "retry-after": "7" }).retryAfter, 7_000);
  assertEquals(refuse("", 503).retryAfter, undefined);
});

Deno.test("a registered code is a code, even for a client whose secret is a part of it", () => {
  const judged = assertThrows(
    () =>
      parseTokenResponse(
        { status: 401, headers: new Headers(), text: JSON.stringify({ error: "invalid_client" }) },
        {
          url: "https://auth.test/token",
          tokenTypes: ["Bearer"],
          requestedAt,
          now: requestedAt,
          sanitize: (text) => text.replaceAll("client", "[redacted]"),
        },
      ),
    AuthenticationError,
  );
  assertEquals([judged.code, judged.error], ["token_request_rejected", "invalid_client"]);
});

Deno.test("a token that an error quotes is taken out of it", () => {
  const token = "tok-4711";
  const error = refuse(
    { error: "own_code", error_description: `for ${token}`, access_token: token, refresh_token: "" },
    400,
  );
  assertEquals([error.error, error.error_description], ["own_code", "for [redacted]"]);
  assertEquals(refuse({ error: token, access_token: token }, 400).error, undefined);
});

Deno.test("what the server says is cleaned, and a code that isn't one is not repeated", () => {
  assertEquals(
    refuse({ error: "invalid_client", error_description: "planted is wrong" }, 401).error_description,
    "[redacted] is wrong",
  );
  assertEquals(refuse({ error: "planted" }, 400).error, undefined);
  assertEquals(refuse({ error: "Bad Thing" }, 400).error, undefined);
  assertEquals(refuse({ error: "x".repeat(65) }, 400).error, undefined);
});
