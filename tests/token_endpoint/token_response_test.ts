import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { parseTokenResponse } from "../../src/token_endpoint/response.ts";

const requestedAt = 1_000_000;

function parse(body: unknown, status = 200, headers = {}, secret = "planted") {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const sanitize = (text: string) => text.replaceAll(secret, "[redacted]");
  const context = { url: "https://auth.test/token", requestedAt, now: requestedAt + 500, sanitize };
  return parseTokenResponse({ status, headers: new Headers(headers), text }, context);
}

function getError(...args: Parameters<typeof parse>): AuthenticationError {
  const error = assertThrows(() => parse(...args), AuthenticationError);
  assertEquals(Deno.inspect(error).includes("planted"), false);
  return error;
}

const token = (more = {}) => ({ access_token: "t", ...more });
const taken: [what: string, args: Parameters<typeof parse>, credentials: object][] = [
  ["a lifetime, which begins with the request", [token({ expires_in: 60 })], { expiresAt: requestedAt + 60_000 }],
  ["no lifetime", [token()], { expiresAt: undefined }],
  ["no token_type", [token()], { tokenType: "Bearer" }],
  ["a token_type in any case", [token({ token_type: "bEaReR" })], { tokenType: "Bearer" }],
  ["null for none", [token({ token_type: null, error: null })], { accessToken: "t" }],
  ["a scope that is no string", [token({ scope: ["a"] })], { scope: undefined }],
  ["any token68, and a 201", [token({ access_token: "0!A.x_y-z~1+/==" }), 201], { accessToken: "0!A.x_y-z~1+/==" }],
  ["another content type", [token(), 200, { "content-type": "text/html" }], { accessToken: "t" }],
  ["a refresh token", [token({ refresh_token: "r" })], { refreshToken: "r" }],
  ["an empty refresh token", [token({ refresh_token: "" })], { refreshToken: undefined }],
];
for (const [what, args, expected] of taken) {
  Deno.test(`parseTokenResponse: takes ${what}`, () => {
    const credentials = parse(...args);
    for (const [name, value] of Object.entries(expected)) {
      assertEquals(credentials[name as keyof typeof credentials], value);
    }
  });
}

const noHeader = ["a b", "a\r\nx: y", "a\n", "ä", "a\u0000", 'a"b', "a,b", "a=b", "日本"];
const noObject = ["", "null", "[]", '"t"', "7", "<html>planted</html>", "access_token=planted", "{"];
const noToken = [...[undefined, "", 7, ["t"]], ...noHeader.map((text) => `planted${text}`)];
const noTokens = [...noObject, ...noToken.map((access_token) => ({ access_token }))];
for (const body of [...noTokens, token({ error: { code: 7 } })]) {
  Deno.test(`parseTokenResponse: ${JSON.stringify(body)} is invalid_response`, () => {
    const error = getError(body);
    assertEquals([error.code, error.retryable], ["invalid_response", false]);
  });
}

for (const token_type of ["mac", "DPoP", "N_A", "", 7, {}]) {
  Deno.test(`parseTokenResponse: token_type ${JSON.stringify(token_type)} is unsupported_token_type`, () => {
    assertEquals(getError(token({ token_type })).code, "unsupported_token_type");
  });
}

const rejected = "token_request_rejected";
const failed = "token_endpoint_error";
const failures: [body: unknown, status: number, code: string, retryable: boolean, error?: string][] = [
  ["", 500, failed, true],
  ["busy", 503, failed, true],
  ["", 408, failed, true],
  ["", 425, failed, true],
  ["", 429, failed, true],
  ["server_error", 500, failed, true],
  ["temporarily_unavailable", 400, failed, true],
  ["authorization_pending", 400, failed, true],
  ["slow_down", 429, failed, true],
  ["use_dpop_nonce", 401, failed, true],
  ["invalid_request", 503, failed, true],
  ["invalid_client", 429, failed, true],
  ["<html>blocked by the firewall</html>", 403, failed, false],
  [{ message: "Not Found", error: "Not Found" }, 404, failed, false],
  ["", 405, failed, false],
  ["", 407, failed, false],
  ["", 501, failed, false],
  ["", 401, rejected, false, "invalid_client"],
  ["Bad credentials", 401, rejected, false, "invalid_client"],
  [{ error: "Bad Thing" }, 401, rejected, false, "invalid_client"],
  ["unauthorized_client", 401, rejected, false],
  ["invalid_request", 400, rejected, false],
  ["invalid_client", 401, rejected, false],
  ["scope_invalid", 400, rejected, false],
  ["other_error", 404, rejected, false],
  ["access_denied", 403, rejected, false],
  [{ error: "invalid_scope", access_token: "t" }, 200, rejected, false, "invalid_scope"],
  // No codes: they may be secrets.
  [{ error: "planted" }, 400, failed, false],
  [{ error: "Bad Thing" }, 400, failed, false],
  [{ error: "x".repeat(65) }, 400, failed, false],
  [{ error: "t", access_token: "t" }, 400, failed, false],
];
for (const [given, status, code, retryable, named] of failures) {
  const isCode = typeof given === "string" && /^[a-z]+_/.test(given);
  Deno.test(`parseTokenResponse: a ${status} with ${JSON.stringify(given)} is ${code}`, () => {
    const error = getError(isCode ? { error: given } : given, status);
    assertEquals([error.code, error.status, error.retryable], [code, status, retryable]);
    assertEquals(error.error, isCode ? given : named);
  });
}

Deno.test("parseTokenResponse: advises on a page, and reads Retry-After", () => {
  assertStringIncludes(getError("<p>", 404).message, "Check that this URL is the token endpoint.");
  assertEquals(getError("", 429, { "retry-after": "7" }).retryAfter, 7_000);
  assertEquals(getError("", 503).retryAfter, undefined);
});

Deno.test("parseTokenResponse: keeps a registered code that contains the secret", () => {
  assertEquals(getError({ error: "invalid_client" }, 401, {}, "client").error, "invalid_client");
});

const descriptions: [body: object, description: string][] = [
  [{ error: "invalid_client", error_description: "no such client" }, "no such client"],
  [{ error: "invalid_client", error_description: "planted is wrong" }, "[redacted] is wrong"],
  [{ error: "own_code", error_description: "for tok-1", access_token: "tok-1", refresh_token: "" }, "for [redacted]"],
];
for (const [body, description] of descriptions) {
  Deno.test(`parseTokenResponse: gives the description "${description}"`, () => {
    assertEquals(getError(body, 400).error_description, description);
  });
}
