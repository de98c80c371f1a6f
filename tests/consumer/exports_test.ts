import { assertEquals } from "@std/assert";
import { root } from "../std/source.ts";
import { compareExports, exportCases } from "./exports.ts";

Deno.test("the table of exports has all of deno.json's", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));

  assertEquals(Object.keys(exportCases).sort(), Object.keys(exports).sort());
});

Deno.test("compareExports: finds an export that isn't used, and a transport without its proxy", () => {
  const found = compareExports("Node", { "./transport/node": "without the proxy: hello" });

  assertEquals(found.length, Object.keys(exportCases).length);
  assertEquals(found.filter((fault) => fault.startsWith("./transport/node on Node: without the proxy")).length, 1);
  assertEquals(found.filter((fault) => fault === "./transport/bun on Node wasn't used").length, 1);
});
