import { assertEquals, assertMatch } from "@std/assert";
import { testOnEveryRuntime, testOnWorkerd } from "../runtimes/every_runtime.ts";
import { noteTried } from "../runtimes/tried_methods.ts";
import { algorithms, calls, tryCalls } from "./dpop_program.ts";
import { startScene } from "./scene.ts";

const options = { serverNonces: true, api: { nonce: "first" } };
const program = {
  run: tryCalls,
  script: new URL("dpop_script.ts", import.meta.url),
  worker: new URL("dpop_worker.ts", import.meta.url),
};

await testOnEveryRuntime("fetch: calls with bound tokens and nonces succeed", program, async (run, runtime) => {
  await using scene = await startScene(options);

  const output = await run({ api: scene.api.origin, tokenEndpoint: scene.server.tokenEndpoint });

  assertEquals(Object.entries(output).filter(([, outcome]) => outcome !== "DPoP 200,200"), []);
  const count = algorithms.length * Object.keys(calls).length;
  const { proofs, faults } = scene.verifier;
  assertEquals([Object.keys(output).length, proofs.length], [count, count * 3]);
  assertEquals(faults, Array(count).fill("no nonce"));
  noteTried(runtime, "dpop");
});

await testOnWorkerd("dpop: requests of one isolate share a key and its token", program.worker, async (start) => {
  await using scene = await startScene(options);
  await using worker = await start();
  const body = JSON.stringify({ api: scene.api.origin, tokenEndpoint: scene.server.tokenEndpoint });
  const askAll = (path: string) =>
    Promise.all(Array.from({ length: 20 }, async () => {
      const response = await fetch(new URL(path, worker.url), { method: "POST", body });
      return [response.status, await response.text()] as const;
    }));

  for (let round = 0; round < 2; round++) {
    assertEquals((await askAll("/shared")).filter(([status]) => status !== 200), []);
  }
  assertEquals(scene.tokenStatuses, [400, 200]);
  assertEquals(new Set(scene.verifier.proofs.map(({ jkt }) => jkt)).size, 1);

  for (const [path, text] of [["/early", /^[\w-]{43}$/], ["/looked-up", /^[\w-]{43} 1$/]] as const) {
    const texts = (await askAll(path)).map(([, text]) => text);
    assertMatch(texts[0]!, text);
    assertEquals(new Set(texts).size, 1);
  }
});
