import { assertEquals, assertMatch } from "@std/assert";
import { type Runtime, testOnEveryRuntime, testOnWorkerd } from "../runtimes/every_runtime.ts";
import { noteTried } from "../runtimes/tried_methods.ts";
import { algorithms, calls, type ProgramInput, type ProgramOutput, tryCalls } from "./dpop_program.ts";
import { type Scene, startScene } from "./scene.ts";

function inputOf({ api, server }: Scene): ProgramInput {
  return { api: api.origin, tokenEndpoint: server.tokenEndpoint };
}

/** Runs the calls somewhere, against servers that both want nonces, and expects every one of them to get through. */
async function allGetThrough(run: (input: ProgramInput) => Promise<ProgramOutput>, runtime: Runtime): Promise<void> {
  await using scene = await startScene({ serverNonces: true, api: { nonce: "first" } });

  const output = await run(inputOf(scene));

  assertEquals(Object.entries(output).filter(([, outcome]) => outcome !== "DPoP 200,200"), []);
  const count = algorithms.length * Object.keys(calls).length;
  assertEquals([Object.keys(output).length, scene.verifier.proofs.length], [count, count * 3]);
  assertEquals(scene.verifier.faults, Array.from({ length: count }, () => "no nonce"));
  noteTried(runtime, "dpop");
}

const program = {
  run: tryCalls,
  script: new URL("dpop_script.ts", import.meta.url),
  worker: new URL("dpop_worker.ts", import.meta.url),
};

await testOnEveryRuntime("calls with bound tokens get through", program, allGetThrough);

await testOnWorkerd("requests of one isolate share a key and its token", program.worker, async (start) => {
  await using scene = await startScene({ serverNonces: true, api: { nonce: "first" } });
  await using worker = await start();
  const body = JSON.stringify(inputOf(scene));
  const ask = async (path: string) => {
    const response = await fetch(new URL(path, worker.url), { method: "POST", body });
    return [response.status, await response.text()] as const;
  };

  for (let round = 0; round < 2; round++) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask("/shared")));
    assertEquals(answers.filter(([status]) => status !== 200), []);
  }
  assertEquals(scene.server.tokenRequests.map(({ status }) => status), [400, 200]);
  assertEquals(new Set(scene.verifier.proofs.map(({ jkt }) => jkt)).size, 1);

  const thumbprints = await Promise.all(Array.from({ length: 20 }, () => ask("/early")));
  assertMatch(thumbprints[0]![1], /^[\w-]{43}$/);
  assertEquals(new Set(thumbprints.map(([, text]) => text)).size, 1);

  const lookedUp = await Promise.all(Array.from({ length: 20 }, () => ask("/looked-up")));
  assertMatch(lookedUp[0]![1], /^[\w-]{43} 1$/);
  assertEquals(new Set(lookedUp.map(([, text]) => text)).size, 1);
});
