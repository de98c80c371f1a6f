import { assertEquals } from "@std/assert";
import { root } from "../std/source.ts";
import { exportCases, judgeExports } from "./exports.ts";

Deno.test("the table of exports knows all that deno.json exports, and nothing else", async () => {
  const { exports } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));

  assertEquals(Object.keys(exportCases).sort(), Object.keys(exports).sort());
});

Deno.test("an export that isn't used, or goes past the proxy it was given, is found", () => {
  const found = judgeExports("Node", { "./transport/node": "went past the proxy: hello" });

  assertEquals(found.filter((fault) => fault.startsWith("./transport/node")).length, 1);
  assertEquals(found.filter((fault) => fault.startsWith(". on Node: nothing")).length, 1);
});
