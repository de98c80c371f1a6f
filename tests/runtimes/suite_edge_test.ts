/**
 * Vercel's edge runtime, from npm, on a Node from npm. It has several packages, and so a lock file: beside
 * `deno.lock`, not in it, for the reason given in `npm_package.ts`.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.ts";
import { nodeExecutable, nodeVersions } from "./node.ts";
import { runDeno } from "./run_to_end.ts";
import { lacks, printedBy, registerSuite } from "./suite_on.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary_folder.ts";
import { testsOn } from "./tests_on.ts";

const lock = fileURLToPath(new URL("edge_runtime.lock", import.meta.url));
const manifest = { private: true, dependencies: { "edge-runtime": "4.0.1" } };

/** Evaluates `worker.js`, and posts the text of `input.json` to its listener. */
const main = `import { readFile } from "node:fs/promises";
import { EdgeRuntime } from "edge-runtime";
const runtime = new EdgeRuntime({ initialCode: await readFile("worker.js", "utf8") });
const body = await readFile("input.json", "utf8");
const { status } = await runtime.dispatchFetch("http://127.0.0.1/run", { method: "POST", body });
process.exit(status === 200 ? 0 : 1);
`;

/** A folder with the packages in `node_modules`: downloaded once, linked from then on. */
async function install(): Promise<TemporaryFolder> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("edge_runtime_"));
  await Deno.writeTextFile(join(folder.path, "package.json"), JSON.stringify(manifest));
  const linker = ["--node-modules-dir=manual", "--node-modules-linker=hoisted"];
  const args = ["install", "--quiet", `--lock=${lock}`, "--frozen", ...linker];
  await runDeno({ args, cwd: folder.path, timeout: 300_000 });
  stack.move();
  return folder;
}

/** Downloads all; resolves to Node's path. */
async function obtain(): Promise<string> {
  await using _ = await install();
  return await nodeExecutable(nodeVersions[0]);
}

const testOn = await testsOn("Vercel's edge runtime", obtain);
registerSuite(testOn, { runtime: "edge-runtime (Vercel)", lacks: lacks.edge }, async (node, input) => {
  await using folder = await install();
  const script = await bundle(new URL("suite_worker.ts", import.meta.url), "iife");
  const files = { "worker.js": script, "input.json": JSON.stringify(input), "main.mjs": main };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(folder.path, name), text);
  return await printedBy(node, { args: ["main.mjs"], cwd: folder.path });
});
