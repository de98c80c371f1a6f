import { assertEquals } from "@std/assert";
import { root } from "../std/source.ts";
import { exportCases, judgeExports } from "./exports.ts";

Deno.test("the table of exports knows all that deno.json exports, and nothing else", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));

  assertEquals(Object.keys(exportCases).sort(), Object.keys(exports).sort());
});

Deno.test("an export that isn't used, or goes past the proxy it was given, is found", () => {
  const found = judgeExports("Node", { "./transport/node": "went past the proxy: hello" });

  assertEquals(found.length, Object.keys(exportCases).length);
  assertEquals(found.filter((fault) => fault.startsWith("./transport/node on Node: went past the proxy")).length, 1);
  assertEquals(found.filter((fault) => fault === "./transport/bun on Node wasn't used").length, 1);
});

Deno.test("a refusal that an export still owes is one that the table asks for", () => {
  const owing = Object.entries(exportCases).filter(([, { owed = [], refuses = {} }]) =>
    owed.some((runtime) => refuses[runtime] === undefined)
  );

  assertEquals(owing, []);
});
