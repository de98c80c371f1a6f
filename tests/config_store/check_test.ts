import { assertEquals, assertThrows } from "@std/assert";
import { checkHeaderKey, checkScopes, checkString, checkUrl } from "../../src/config_store/check.ts";

Deno.test("a URL must be absolute, of the web, and free of credentials", () => {
  assertEquals(checkUrl("endpoint", "https://api.example.com/v1").href, "https://api.example.com/v1");
  assertEquals(checkUrl("endpoint", new URL("http://127.0.0.1:1")).port, "1");
  const wrong: [unknown, string][] = [
    [
      "/v1",
      'endpoint must be an absolute URL, without user name and password, such as "https://auth.example.com": got "/v1".',
    ],
    ["api.example.com", "absolute URL"],
    ["", "absolute URL"],
    [undefined, "got undefined"],
    [null, "got null"],
    [{}, "got a value of type object"],
    ["dns:///api.example.com", 'got "dns:'],
    ["ftp://api.example.com", 'got "ftp:'],
    ["https://me:planted@api.example.com", "without user name and password"],
  ];
  for (const [value, message] of wrong) {
    const error = assertThrows(() => checkUrl("endpoint", value), TypeError, message);
    assertEquals(error.message.includes("planted"), false);
  }
});

Deno.test("scopes are a list of scope tokens", () => {
  assertEquals(checkScopes(["a", "api:read", "https://x.example/y"]), [
    "a",
    "api:read",
    "https://x.example/y",
  ]);
  assertEquals(checkScopes([]), []);
  assertEquals(checkScopes(undefined), undefined);
  assertEquals(checkScopes(null), undefined);
  assertThrows(() => checkScopes("api:read"), TypeError, 'such as ["api:read"]: got "api:read"');
  for (const scope of ["", "a b", 'a"b', "a\\b", "a\nb", "ä", 7, null]) {
    assertThrows(() => checkScopes([scope]), TypeError, "one scope (RFC 6749 §3.3) an element");
  }
});

Deno.test("a header key is a header name, and an empty one is none", () => {
  assertEquals(checkHeaderKey("Flyte-Authorization"), "flyte-authorization");
  assertEquals(checkHeaderKey(""), undefined);
  assertEquals(checkHeaderKey(undefined), undefined);
  for (const name of ["a b", "a:b", "a\r\nb", "ä"]) {
    assertThrows(() => checkHeaderKey(name), TypeError, "header name");
  }
  assertThrows(() => checkHeaderKey(7), TypeError, "headerKey must be a string");
});

Deno.test("a string is a string", () => {
  assertEquals(checkString("audience", ""), "");
  assertEquals(checkString("audience", null), undefined);
  assertThrows(
    () => checkString("audience", ["a"]),
    TypeError,
    "audience must be a string: got a value of type object.",
  );
});
