import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { checkHeaderKey, checkResource, checkScopes, checkString, checkUrl } from "../../src/arguments.ts";

const api = "https://api.example.com";
const checkEndpoint = (value: unknown) => checkUrl("endpoint", value).href;
const checkAudience = (value: unknown) => checkString("audience", value);

const accepted: [check: (value: unknown) => unknown, value: unknown, expected: unknown][] = [
  [checkEndpoint, `${api}/v1`, `${api}/v1`],
  [checkEndpoint, new URL("http://127.0.0.1:1"), "http://127.0.0.1:1/"],
  [checkScopes, ["a", "api:read", "https://x.example/y"], ["a", "api:read", "https://x.example/y"]],
  [checkScopes, [], []],
  [checkHeaderKey, "Flyte-Authorization", "flyte-authorization"],
  [checkHeaderKey, "X-Host", "x-host"],
  [checkHeaderKey, "host-2", "host-2"],
  [checkHeaderKey, "", undefined],
  [checkAudience, "", ""],
  [checkResource, api, [api]],
  [checkResource, new URL(api), [`${api}/`]],
  [checkResource, [`${api}/x?y`, new URL("http://a.test"), "urn:x"], [`${api}/x?y`, "http://a.test/", "urn:x"]],
  [checkResource, [], []],
  [checkHeaderKey, undefined, undefined],
  ...[undefined, null].flatMap((none) =>
    [checkScopes, checkAudience, checkResource].map((check): typeof accepted[0] => [check, none, undefined])
  ),
];
for (const [check, value, expected] of accepted) {
  Deno.test(`${check.name}: returns ${Deno.inspect(expected)} for ${Deno.inspect(value)}`, () => {
    assertEquals(check(value), expected);
  });
}

const refused: [check: (value: unknown) => unknown, says: string, ...values: unknown[]][] = [
  [checkEndpoint, "absolute URL", "/v1", "api.example.com", "", "https://me:planted@api.example.com"],
  [checkEndpoint, "got undefined", undefined],
  [checkEndpoint, "got null", null],
  [checkEndpoint, "got a value of type object", {}],
  [checkEndpoint, 'got "dns:', "dns:///api.example.com"],
  [checkEndpoint, 'got "ftp:', "ftp://api.example.com"],
  [checkScopes, 'such as ["api:read"]: got "api:read"', "api:read"],
  [checkScopes, "one scope (RFC 6749 §3.3)", ...["", "a b", 'a"b', "a\\b", "a\nb", "ä", 7, null].map((it) => [it])],
  [checkHeaderKey, "header name", "a b", "a:b", "a\r\nb", "ä"],
  [checkHeaderKey, "header name", "Host", "connection", "Content-Length", "transfer-encoding"],
  [checkHeaderKey, "headerKey must be a string", 7],
  [checkAudience, "audience must be a string", ["a"]],
  [checkResource, "(RFC 8707 §2)", "", "/mcp", "api.example.com", "https://a.test/#", "https://a.test\n"],
  [checkResource, "(RFC 8707 §2)", [["https://a.test"]], [undefined], 7, {}],
];
for (const [check, says, ...values] of refused) {
  Deno.test(`${check.name}: refuses ${values.map((value) => Deno.inspect(value)).join(", ")}`, () => {
    for (const value of values) {
      assertFalse(assertThrows(() => check(value), TypeError, says).message.includes("planted"));
    }
  });
}
