import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { failureMessage, isDenied } from "../../src/http/network_errors.ts";

const bare = "https://api.example.com/mcp";
const url = `${bare}?key=planted`;

const addresses = new AggregateError([new Error("refused ::1"), new Error("refused 127.0.0.1")]);
const shown: [error: unknown, message: string][] = [
  [new TypeError(`sending to url (${url})`), "sending to url (https://api.example.com/mcp)"],
  [new TypeError(`fetch failed for ${url}`, { cause: new Error("connection refused") }), "connection refused"],
  [new Error("no way to /mcp?key=planted"), "no way to /mcp?"],
  [new Error(`'HTTP://a.test:1/x?planted=1#planted' or "${url}&more"`), `'HTTP://a.test:1/x' or "${bare}"`],
  [new Error(" two\nlines\u001b[31m "), "two lines [31m"],
  [new TypeError("fetch failed", { cause: addresses }), "refused ::1; refused 127.0.0.1"],
  [new AggregateError([]), ""],
  ["no error at all", "no error at all"],
  [undefined, "undefined"],
  [new Error("x".repeat(1_000)), "x".repeat(300)],
];
Deno.test("failureMessage: shows the innermost message, with no URL's query", () => {
  for (const [error, message] of shown) assertEquals(failureMessage(error, url), message);
});

Deno.test("failureMessage: is short and printable, without the query, for any query and any text", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (key, text) => {
    const { href } = new URL(`https://api.example.com/mcp?planted${encodeURIComponent(key.toWellFormed())}${key}`);
    const shown = failureMessage(new TypeError(`${text} (${href})`), href);
    assert(!shown.includes("planted") && /^[ -~]{0,300}$/.test(shown), shown);
  }));
});

Deno.test("isDenied: tells a missing permission from a failure", () => {
  const { NotCapable, PermissionDenied } = Deno.errors;
  const others = [new PermissionDenied(""), new TypeError("NotCapable"), undefined, null, "NotCapable"];
  assertEquals([new NotCapable(""), ...others].map(isDenied), [true, ...others.map(() => false)]);
});
