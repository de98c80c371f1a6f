import { assert, assertEquals, assertMatch } from "@std/assert";
import { join } from "node:path";
import { bunExecutable } from "../runtimes/bun.ts";
import { bundle } from "../runtimes/bundle.ts";
import { nodeExecutable, nodeVersions } from "../runtimes/node.ts";
import { runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";
import { startWorker } from "../runtimes/workerd.ts";
import { compatibilityDate, workerdExecutable } from "../runtimes/workerd_executable.ts";
import { algorithms, calls, type ProgramInput, type ProgramOutput, tryCalls } from "./dpop_program.ts";
import { type Scene, startScene } from "./scene.ts";

function inputOf({ api, server }: Scene): ProgramInput {
  return { api: api.origin, tokenEndpoint: server.tokenEndpoint };
}

/** Runs the calls somewhere, against servers that both want nonces, and expects every one of them to get through. */
async function allGetThrough(run: (input: ProgramInput) => Promise<ProgramOutput>): Promise<void> {
  await using scene = await startScene({ serverNonces: true, api: { nonce: "first" } });

  const output = await run(inputOf(scene));

  assertEquals(Object.entries(output).filter(([, outcome]) => outcome !== "DPoP 200,200"), []);
  const count = algorithms.length * Object.keys(calls).length;
  assertEquals([Object.keys(output).length, scene.judge.proofs.length], [count, count * 3]);
  assertEquals(scene.judge.faults, Array.from({ length: count }, () => "no nonce"));
}

/** By a program that gets one file and ends. */
async function onProgram(executable: string, input: ProgramInput): Promise<ProgramOutput> {
  await using folder = await temporaryFolder("dpop_");
  const file = join(folder.path, "script.mjs");
  await Deno.writeTextFile(file, await bundle(new URL("dpop_script.ts", import.meta.url)));
  const { success, stdout, stderr } = await runToEnd(executable, { args: [file, JSON.stringify(input)] });
  assert(success, stderr);
  return JSON.parse(stdout);
}

Deno.test("calls with bound tokens get through on Deno", () => allGetThrough(tryCalls));

const testOnBun = await testsOn("Bun", bunExecutable);
testOnBun("calls with bound tokens get through on Bun", async (bun) => {
  await allGetThrough((input) => onProgram(bun, input));
});

for (const version of nodeVersions) {
  const testOnNode = await testsOn(`Node ${version}`, () => nodeExecutable(version));
  testOnNode(`calls with bound tokens get through on Node ${version}`, async (node) => {
    await allGetThrough((input) => onProgram(node, input));
  });
}

const testOnWorkerd = await testsOn("workerd", workerdExecutable);
for (const date of ["2024-09-01", "2026-11-01"]) {
  testOnWorkerd(`calls with bound tokens get through on workerd, as of ${date}`, async (workerd) => {
    await allGetThrough(async (input) => {
      await using worker = await startWorker(workerd.path, {
        script: await bundle(new URL("dpop_worker.ts", import.meta.url)),
        compatibilityDate: compatibilityDate(workerd, date),
      });
      return await (await fetch(worker.url, { method: "POST", body: JSON.stringify(input) })).json();
    });
  });

  testOnWorkerd(`requests of one isolate share a key and its token on workerd, as of ${date}`, async (workerd) => {
    await using scene = await startScene({ serverNonces: true, api: { nonce: "first" } });
    await using worker = await startWorker(workerd.path, {
      script: await bundle(new URL("dpop_worker.ts", import.meta.url)),
      compatibilityDate: compatibilityDate(workerd, date),
    });
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
    assertEquals(new Set(scene.judge.proofs.map(({ jkt }) => jkt)).size, 1);

    const thumbprints = await Promise.all(Array.from({ length: 20 }, () => ask("/early")));
    assertMatch(thumbprints[0]![1], /^[\w-]{43}$/);
    assertEquals(new Set(thumbprints.map(([, text]) => text)).size, 1);
  });
}
