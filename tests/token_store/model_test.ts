/** Sharing, by a model: whatever is delayed, lost, repeated, paused or ended, in whatever order. */

import { assert } from "@std/assert";
import fc from "fast-check";
import { type Command, explore, type Fate } from "./model.ts";

type Commands = fc.WeightedArbitrary<readonly Command[]>;

const by = fc.nat(3);
const short = fc.constantFrom(1, 30, 90, 300, 1_000, 6_000, 20_000, 300_000, 500_000);
const long = fc.constantFrom(300, 6_000, 20_000, 700_000);
const usual: Commands[] = [
  { weight: 6, arbitrary: by.map((by) => [["ask", by]]) },
  { weight: 8, arbitrary: fc.constant([["step", 0]]) },
  { weight: 5, arbitrary: short.map((ms) => [["pass", ms]]) },
];
const types = fc.constantFrom("force", "abort", "abort", "crash", "pause", "resume", "revoke", "revoke");
const disturbances: Commands[] = [
  { weight: 6, arbitrary: fc.tuple(types, by).map((command) => [command]) },
  {
    weight: 3,
    arbitrary: fc.tuple(by, long).map(([by, ms]) => [["pause", by], ["ask", by + 1], ["pass", ms], ["resume", by]]),
  },
  { weight: 1, arbitrary: long.map((ms) => [["outage", 0], ["pass", ms], ["outage", 0]]) },
];
const sound: Fate[] = [{}, { isSlow: true }];
const failures: Fate[] = [
  ...[{ request: NaN }, { request: 1e9 }, { answer: NaN }, { answer: 1e9 }],
  ...[{ fails: "undone" } as const, { fails: "done" } as const, { isTwice: true } as const],
];
const fate = fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...sound) }, fc.constantFrom(...failures));

const variants = {
  "all is well": { numRuns: 150, isSound: true, hasClock: true, hasLeases: true },
  "anything fails": { numRuns: 600, isSound: false, hasClock: true, hasLeases: true },
  "anything fails, and the store has no clock": { numRuns: 250, isSound: false, hasClock: false, hasLeases: true },
  "anything fails, and the store has no leases": { numRuns: 250, isSound: false, hasClock: true, hasLeases: false },
};

for (const [name, { numRuns, isSound, ...traits }] of Object.entries(variants)) {
  Deno.test(`sharing, where ${name}: each law holds`, async () => {
    const setups = fc.record({
      lifetime: traits.hasClock ? fc.constantFrom(20_000, 60_000, 600_000) : fc.constant(600_000),
      skews: fc.array(fc.constantFrom(0, 0, -120_000, 180_000), { minLength: 2, maxLength: 4 }),
      fates: fc.array(isSound ? fc.constantFrom(...sound) : fate, { maxLength: 100, size: "max" }),
    });
    const command = fc.oneof(...usual, ...isSound ? [] : disturbances);
    const commands = fc.array(command, { minLength: 5, maxLength: 80, size: "max" });
    const property = fc.asyncProperty(fc.scheduler(), setups, commands, async (scheduler, setup, commands) => {
      const disturbed = await explore(scheduler, { ...setup, ...traits }, commands.flat());
      assert(!isSound || disturbed === 0, "no attempt is disturbed");
    });
    // `RUNS=100` explores for longer.
    await fc.assert(property, { numRuns: numRuns * Number(Deno.env.get("RUNS") ?? 1) });
  });
}
