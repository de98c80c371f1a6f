/**
 * Vercel's edge runtime, from npm, on a Node from npm. It has several packages, and so a lock file: beside
 * `deno.lock`, not in it, for the reason given in `npm_package.ts`.
 *
 * @module
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodeExecutable } from "./node.ts";
import { runDeno, type RunResult, runToEnd } from "./run_to_end.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary_folder.ts";

export const edgeRuntimeVersion = "4.0.1";

const lock = fileURLToPath(new URL("edge_runtime.lock", import.meta.url));

/** Evaluates `worker.js`, posts the text of `input.txt` to its listener, and prints the answer behind `mark`. */
const host = (mark: string) =>
  `import { readFile } from "node:fs/promises";
import { EdgeRuntime } from "edge-runtime";
const runtime = new EdgeRuntime({ initialCode: await readFile("worker.js", "utf8") });
const body = await readFile("input.txt", "utf8");
const response = await runtime.dispatchFetch("http://127.0.0.1/run", { method: "POST", body });
console.log(${JSON.stringify(mark)} + await response.text());
`;

/** A script, its input, and the mark before its output. */
export interface EdgeRun {
  /** A script, not a module: see `bundle.ts`. */
  readonly script: string;
  readonly input: string;
  readonly mark: string;
}

/** Downloads the runtime; resolves to a function that runs a script in it. */
export async function edgeRuntime(): Promise<(run: EdgeRun) => Promise<RunResult>> {
  const node = await nodeExecutable("22.18.0");
  await (await install())[Symbol.asyncDispose]();
  return async ({ script, input, mark }) => {
    await using folder = await install();
    await Deno.writeTextFile(join(folder.path, "worker.js"), script);
    await Deno.writeTextFile(join(folder.path, "input.txt"), input);
    await Deno.writeTextFile(join(folder.path, "main.mjs"), host(mark));
    return await runToEnd(node, { args: ["main.mjs"], cwd: folder.path, timeout: 120_000 });
  };
}

/** A folder with the packages in `node_modules`: downloaded once, linked from then on. */
async function install(): Promise<TemporaryFolder> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("edge_runtime_"));
  const manifest = { private: true, dependencies: { "edge-runtime": edgeRuntimeVersion } };
  await Deno.writeTextFile(join(folder.path, "package.json"), JSON.stringify(manifest));
  const linker = ["--node-modules-dir=manual", "--node-modules-linker=hoisted"];
  const args = ["install", "--quiet", `--lock=${lock}`, "--frozen", ...linker];
  await runDeno({ args, cwd: folder.path, timeout: 300_000 });
  stack.move();
  return folder;
}
