import { assert, assertEquals, assertThrows } from "@std/assert";
import { checkHeaderKey, checkResource, checkScopes, checkString, checkUrl } from "../../src/arguments.ts";

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
  assertEquals(checkHeaderKey("X-Host"), "x-host");
  assertEquals(checkHeaderKey("host-2"), "host-2");
  assertEquals(checkHeaderKey(""), undefined);
  assertEquals(checkHeaderKey(undefined), undefined);
  for (const name of ["a b", "a:b", "a\r\nb", "ä", "Host", "connection", "Content-Length", "transfer-encoding"]) {
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

Deno.test("resources are absolute URIs without fragment, one or many, and a frozen copy", () => {
  assertEquals(checkResource("https://api.example.com"), ["https://api.example.com"]);
  assertEquals(checkResource(new URL("https://api.example.com")), ["https://api.example.com/"]);
  const given = ["https://api.example.com/x?y", new URL("http://a.test"), "urn:example:api"];
  const checked = checkResource(given);
  given.push("changed");
  assertEquals(checked, ["https://api.example.com/x?y", "http://a.test/", "urn:example:api"]);
  assert(Object.isFrozen(checked));
  assertEquals(checkResource([]), []);
  assertEquals(checkResource(undefined), undefined);
  assertEquals(checkResource(null), undefined);
  for (
    const value of [
      "",
      "/mcp",
      "api.example.com",
      "https://a.test/#",
      "https://a.test\n",
      [["https://a.test"]],
      [undefined],
      7,
      {},
    ]
  ) {
    assertThrows(
      () => checkResource(value),
      TypeError,
      "resource must be an absolute URI without fragment (RFC 8707 §2)",
    );
  }
});
