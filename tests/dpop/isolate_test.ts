import { assertEquals, assertMatch } from "@std/assert";
import { testOnWorkerd } from "../runtimes/every_runtime.ts";
import { startScene } from "./scene.ts";

const worker = new URL("isolate_worker.ts", import.meta.url);
await testOnWorkerd("dpop: requests of one isolate share a key and its token", worker, async (start) => {
  await using scene = await startScene({ serverNonces: true, api: { nonce: "first" } });
  const bindings = { api: scene.api.origin, tokenEndpoint: scene.server.tokenEndpoint };
  await using worker = await start({ bindings });
  const askAll = (path: string) =>
    Promise.all(Array.from({ length: 20 }, async () => {
      const response = await fetch(new URL(path, worker.url));
      return [response.status, await response.text()] as const;
    }));

  for (let round = 0; round < 2; round++) {
    assertEquals((await askAll("/shared")).filter(([status]) => status !== 200), []);
  }
  assertEquals(scene.tokenStatuses(), [400, 200]);
  assertEquals(new Set(scene.verifier.proofs.map(({ jkt }) => jkt)).size, 1);

  for (const [path, text] of [["/early", /^[\w-]{43}$/], ["/looked-up", /^[\w-]{43} 1$/]] as const) {
    const texts = (await askAll(path)).map(([, text]) => text);
    assertMatch(texts[0]!, text);
    assertEquals(new Set(texts).size, 1);
  }
});
