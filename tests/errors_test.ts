import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";

Deno.test("an error shows what is known of it, and nothing it doesn't know", () => {
  const bare = new AuthenticationError("timeout", "Cannot get a token: too slow.", { retryable: true });
  assertInstanceOf(bare, Error);
  assertEquals([bare.name, bare.code, bare.retryable, bare.status], [
    "AuthenticationError",
    "timeout",
    true,
    undefined,
  ]);
  for (const name of ["status", "error", "error_description", "retryAfter", "cause"]) {
    assert(!(name in bare), name);
  }
  const full = new AuthenticationError("token_request_rejected", "Cannot get a token: refused.", {
    status: 401,
    error: "invalid_client",
    error_description: "no such client",
    retryAfter: 5_000,
  });
  assertEquals(
    JSON.parse(JSON.stringify(full)),
    {
      name: "AuthenticationError",
      code: "token_request_rejected",
      retryable: false,
      status: 401,
      error: "invalid_client",
      error_description: "no such client",
      retryAfter: 5_000,
    },
  );
});
