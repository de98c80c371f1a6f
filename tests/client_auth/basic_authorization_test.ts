import { assertEquals, assertThrows } from "@std/assert";
import { getBasicAuthorizationHeader } from "@m2m/authenticator";

const vectors = [
  ["client_id", "abc", "Basic Y2xpZW50X2lkOmFiYw=="],
  ["client_id", "abc%%$?\\/\\/", "Basic Y2xpZW50X2lkOmFiYyUyNSUyNSUyNCUzRiU1QyUyRiU1QyUyRg=="],
  [
    "1PpG/Q 1",
    "z/tZ9VwFZqApmIQ+ZH1I5pLk/uB4ud:X2/8bL+wfFTt1rFw=",
    "Basic MVBwRyUyRlErMTp6JTJGdFo5VndGWnFBcG1JUSUyQlpIMUk1cExrJTJGdUI0dWQlM0FYMiUyRjhiTCUyQndmRlR0MXJGdyUzRA==",
  ],
] as const;

Deno.test("id and secret are both form-encoded, as RFC 6749 §2.3.1 asks for", () => {
  for (const [id, secret, header] of vectors) assertEquals(getBasicAuthorizationHeader(id, secret), header);
});

Deno.test("raw leaves both as they are, for servers that don't decode", () => {
  assertEquals(
    getBasicAuthorizationHeader("client id", "a%b:c", { encoding: "raw" }),
    `Basic ${btoa("client id:a%b:c")}`,
  );
});

Deno.test("what isn't ASCII is sent as UTF-8", () => {
  assertEquals(getBasicAuthorizationHeader("ü", "ß", { encoding: "raw" }), "Basic w7w6w58=");
  assertEquals(getBasicAuthorizationHeader("ü", "ß"), `Basic ${btoa("%C3%BC:%C3%9F")}`);
});

Deno.test("a raw id with a colon is refused, for the server would split it there", () => {
  assertThrows(() => getBasicAuthorizationHeader("a:b", "c", { encoding: "raw" }), TypeError, "colon");
  assertEquals(getBasicAuthorizationHeader("a:b", "c"), `Basic ${btoa("a%3Ab:c")}`);
});

Deno.test("a misspelt encoding is refused rather than guessed", () => {
  assertThrows(
    () => getBasicAuthorizationHeader("a", "b", { encoding: "RAW" as "raw" }),
    TypeError,
    '"form" or "raw"',
  );
});
