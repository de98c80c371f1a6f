import { assert } from "@std/assert";
import fc from "fast-check";
import { AuthenticationError } from "../../mod.ts";
import { type Command, type Outcome, World } from "./world.ts";

const transient = (retryAfter?: number) =>
  new AuthenticationError("token_endpoint_error", "down", { retryable: true, retryAfter });
const permanent = new AuthenticationError("token_request_rejected", "no", { error: "invalid_client" });

const token: fc.Arbitrary<Outcome> = fc.constantFrom(2_000, 20_000, 600_000, 3_600_000, undefined)
  .map((lifetime) => ({ lifetime }));
const failure: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant(transient()),
  fc.constantFrom(0, 1_000, 20_000, 3_600_000).map(transient),
  fc.constant(permanent),
);

const passes = fc.constantFrom(1, 900, 1_700, 5_000, 19_500, 500_000, 4_000_000);
const skews = fc.constantFrom(-86_400_000, -1_000, 1_000, 86_400_000);
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom("fetch", "get") }) },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("step") }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("refresh", "revoke") }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("abort"), which: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("pass"), time: passes }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("skew"), time: skews }) },
);
const commands = fc.array(command, { minLength: 5, maxLength: 30 });

/** At most how many token requests a sound server may get. */
function countMost(commands: readonly Command[], { revocations }: World): number {
  const count = (type: Command["type"]) => commands.filter((command) => command.type === type).length;
  // One to start, one for each revocation, forced refresh or change of the clock, two where a token expired on its way.
  return 2 + count("refresh") + revocations + 2 * count("pass") + count("skew");
}

const servers: Record<string, fc.Arbitrary<Outcome>> = {
  "a sound server": token,
  "a server that fails": fc.oneof(token, failure),
  "a server that fails or hangs": fc.oneof(token, failure, fc.constant<Outcome>("never")),
};

for (const [name, outcome] of Object.entries(servers)) {
  Deno.test(`Authenticator: gives each caller a live token or an error, and recovers, with ${name}`, async () => {
    const outcomes = fc.array(outcome, { minLength: 1, maxLength: 5 });
    const property = fc.asyncProperty(fc.scheduler(), outcomes, commands, async (scheduler, outcomes, commands) => {
      await using world = new World(scheduler, outcomes);
      await world.run(commands);
      const most = outcome === token ? countMost(commands, world) : Infinity;
      assert(world.requests <= most, `${world.requests} token requests, at most ${most} expected`);
    });
    await fc.assert(property, { numRuns: 1_000 });
  });
}
