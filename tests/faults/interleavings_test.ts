import { assert } from "@std/assert";
import fc from "fast-check";
import { type Command, type Outcome, World } from "./world.ts";

const runs = { numRuns: 1_000 };

const token: fc.Arbitrary<Outcome> = fc.record({
  type: fc.constant("token"),
  lifetime: fc.constantFrom(2_000, 20_000, 600_000, 3_600_000, undefined),
});
const failure: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ type: fc.constant("passing") }),
  fc.record({ type: fc.constant("passing"), retryAfter: fc.constantFrom(0, 1_000, 20_000, 3_600_000) }),
  fc.record({ type: fc.constant("permanent") }),
);
const hang: fc.Arbitrary<Outcome> = fc.record({ type: fc.constant("never") });

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom("fetch", "get") }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("step") }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("refresh", "revoke") }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("abort"), which: fc.nat(20) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("pass"),
      time: fc.constantFrom(1, 900, 1_700, 5_000, 19_500, 500_000, 4_000_000),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant("skew"),
      time: fc.constantFrom(-86_400_000, -1_000, 1_000, 86_400_000),
    }),
  },
);
const commands = fc.array(command, { minLength: 5, maxLength: 30 });

function explore(
  outcome: fc.Arbitrary<Outcome>,
  check: (world: World, commands: readonly Command[]) => void = () => {},
): Promise<void> {
  const outcomes = fc.array(outcome, { minLength: 1, maxLength: 5 });
  return fc.assert(
    fc.asyncProperty(fc.scheduler(), outcomes, commands, async (scheduler, outcomes, commands) => {
      await using world = new World(scheduler, outcomes);
      await world.run(commands);
      check(world, commands);
    }),
    runs,
  );
}

Deno.test("whatever callers do and whenever, a sound server gets few requests, one by one, and all are served", async () => {
  await explore(token, (world, commands) => {
    const count = (type: Command["type"]) => commands.filter((command) => command.type === type).length;
    // At most one to start, one for each refusal, wish or change of time, two where a token died on its way.
    const most = 2 + count("refresh") + world.revocations + 2 * count("pass") + count("skew");
    assert(world.requests <= most, `${world.requests} token requests, at most ${most} expected`);
  });
});

Deno.test("whatever a server in trouble does, callers get a live token or an error, and the next one recovers", async () => {
  await explore(fc.oneof(token, failure));
});

Deno.test("even where a token request never ends, callers get a live token or an error, and the next one recovers", async () => {
  await explore(fc.oneof(token, failure, hang));
});
