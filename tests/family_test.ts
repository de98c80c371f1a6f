import { assertEquals } from "@std/assert";
import { systemClock } from "../src/clock.ts";
import { Family } from "../src/family.ts";
import { RejectionCache } from "../src/token_endpoint/rejection_cache.ts";

Deno.test("who wishes for the same gets the same, and the 10,000 asked for last are kept besides the first", () => {
  const family = new Family<object>({ name: "root" }, "root", new RejectionCache(0, systemClock));
  let made = 0;
  const ask = (wishes: string) => family.member(wishes, () => ({ made: ++made }));

  assertEquals(ask("root"), family.root);
  const first = ask("0");
  for (let i = 1; i < 10_000; i++) ask(String(i));
  assertEquals([family.members.length, made], [10_001, 10_000]);
  // It was asked for again, and so isn't the oldest.
  assertEquals(ask("0") === first, true);
  ask("another");
  assertEquals([ask("0") === first, family.members.length], [true, 10_001]);
  ask("1");
  assertEquals(made, 10_002);
});
