import { assertEquals, assertFalse, assertGreater } from "@std/assert";
import { testOnEveryRuntime } from "../runtimes/every_runtime.ts";
import { findTrial, noteTried, type Trial } from "../runtimes/tried_methods.ts";
import { makeAttempts, tryMethods } from "./method_program.ts";
import { type MethodStage, setMethodStage } from "./method_stage.ts";

/** What the servers have seen, besides, at each trial's end. */
const trials: Partial<Record<Trial, (stage: MethodStage) => void>> = {
  assertions() {},
  /** Parameters that the server ignores. */
  methods({ server }) {
    const find = (name: string) => server.tokenRequests.filter(({ parameters }) => name in parameters);
    const [asked] = find("organization");
    assertEquals([asked?.parameters.organization, asked?.parameters.hint], ["org_7", ["a", "b"]]);
    const [customized] = find("customized");
    assertEquals([customized?.parameters.customized, customized?.headerNames.includes("x-gateway-key")], ["yes", true]);
    const resources = find("resource").map(({ parameters }) => [parameters.resource].flat().length);
    assertEquals(resources.toSorted(), [1, 1, 2]);
  },
  /** Three proofs for each pair of calls, and two token requests, as the first of both lack nonces. */
  dpop({ strict, verifier: { proofs, faults } }) {
    assertEquals(faults, Array(proofs.length / 3).fill("no nonce"));
    assertEquals(strict.server.tokenRequests.length, faults.length * 2);
  },
  grants({ opaque }) {
    assertEquals(opaque.revocationRequests.map(({ status }) => status), [200, 200, 200]);
  },
};

const file = new URL("method_program.ts", import.meta.url);
const program = { run: tryMethods, script: file, worker: file };
for (const [trial, check] of Object.entries(trials) as [Trial, (stage: MethodStage) => void][]) {
  const name = `getCredentials: every method of the trial ${trial} works; its errors show no secret;`;
  await testOnEveryRuntime(name, program, async (run, runtime) => {
    await using stage = await setMethodStage();
    const attempts = makeAttempts(stage.input);
    const methods = Object.keys({ ...attempts.accepted, ...attempts.refused }).filter((it) => findTrial(it) === trial);

    const output = await run([stage.input, methods]);

    const secrets = stage.listSecrets();
    assertGreater(secrets.length, 50);
    for (const method of methods) {
      const { accepted, refused } = output[method]!;
      assertEquals(accepted, attempts.accepted[method]?.[0], method);
      for (const [what, [error]] of Object.entries(attempts.refused[method] ?? {})) {
        const { printed, token = "planted", ...refusal } = refused[what]!;
        assertEquals(refusal, { error }, `${method}: ${what}`);
        for (const secret of [...secrets, token]) assertFalse(printed.includes(secret), `a secret shows: ${printed}`);
      }
    }
    check(stage);
    noteTried(runtime, trial, methods);
  });
}
