import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { failureMessage, isDenied } from "../../src/http/network_errors.ts";

const url = "https://api.example.com/mcp?key=planted";

Deno.test("the innermost message is shown, without the query of whatever URL it quotes", () => {
  const cases: [error: unknown, shown: string][] = [
    [
      new TypeError(`error sending request for url (${url})`),
      "error sending request for url (https://api.example.com/mcp)",
    ],
    [new TypeError(`fetch failed for ${url}`, { cause: new Error("connection refused") }), "connection refused"],
    [new Error("no way to /mcp?key=planted"), "no way to /mcp?"],
    [
      new Error(`'HTTP://proxy.test:1/x?planted=1#planted' or "${url}&more"`),
      "'HTTP://proxy.test:1/x' or \"https://api.example.com/mcp\"",
    ],
    [new Error(" two\nlines\u001b[31m "), "two lines [31m"],
    ["no error at all", "no error at all"],
    [undefined, "undefined"],
    [new Error("x".repeat(1_000)), "x".repeat(300)],
  ];
  for (const [error, shown] of cases) assertEquals(failureMessage(error, url), shown);
});

Deno.test("whatever stands in a query, it isn't shown where its URL is quoted, and the rest is printable and short", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (key, text) => {
    const { href } = new URL(`https://api.example.com/mcp?planted${encodeURIComponent(key.toWellFormed())}${key}`);
    const shown = failureMessage(new TypeError(`${text} (${href})`), href);
    assert(!shown.includes("planted"), shown);
    assert(/^[ -~]{0,300}$/.test(shown), shown);
  }));
});

Deno.test("what a runtime forbids is told from what fails", () => {
  assertEquals(isDenied(new Deno.errors.NotCapable("")), true);
  for (
    const error of [new Deno.errors.PermissionDenied(""), new TypeError("NotCapable"), undefined, null, "NotCapable"]
  ) {
    assertEquals(isDenied(error), false);
  }
});
