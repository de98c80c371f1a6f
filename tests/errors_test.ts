import { assertEquals } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";

Deno.test("AuthenticationError: has the members that are known, and no others", () => {
  const bare = new AuthenticationError("timeout", "Too slow.", { retryable: true });
  assertEquals([bare instanceof Error, bare.name, bare.code, bare.retryable], [
    true,
    "AuthenticationError",
    "timeout",
    true,
  ]);
  assertEquals(["status", "error", "error_description", "retryAfter", "cause"].filter((name) => name in bare), []);
  const details = { status: 401, error: "invalid_client", error_description: "no such client", retryAfter: 5_000 };
  assertEquals(JSON.parse(JSON.stringify(new AuthenticationError("token_request_rejected", "Refused.", details))), {
    name: "AuthenticationError",
    code: "token_request_rejected",
    retryable: false,
    ...details,
  });
});
