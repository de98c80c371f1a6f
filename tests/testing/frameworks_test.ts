/**
 * Other programs' tests, by each framework, with the installed package. Deno's own is `frameworks/deno_test.ts`.
 *
 * @module
 */

import { assert, assertMatch } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { installPacked, packPackage } from "../consumer/package.ts";
import { bunExecutable } from "../runtimes/bun.ts";
import { nodeExecutable } from "../runtimes/node.ts";
import { runDeno, runToEnd } from "../runtimes/run_to_end.ts";
import { type TemporaryFolder, temporaryFolder } from "../runtimes/temporary_folder.ts";
import { testsOn } from "../runtimes/tests_on.ts";

const lock = fileURLToPath(new URL("frameworks/packages.lock", import.meta.url));
const dependencies = { jest: "30.5.2", vite: "7.3.8", vitest: "5.1.2" };

/** Each framework: what runs it, its arguments, and how it says that both tests have passed. */
const frameworks: Readonly<Record<string, readonly [executable: "Node" | "Bun", args: string[], passed: RegExp]>> = {
  node: ["Node", ["--test", "node.test.js"], /# pass 2\b|ℹ pass 2\b/],
  vitest: ["Node", ["node_modules/vitest/vitest.mjs", "run", "vitest.test.js"], /Tests +2 passed/],
  jest: [
    "Node",
    ["--experimental-vm-modules", "node_modules/jest/bin/jest.js", "--ci", "jest.test.js"],
    /Tests: +2 passed, 2 total/,
  ],
  bun: ["Bun", ["test", "bun.test.js"], /\b2 pass\b/],
};

/** A project with the frameworks and the package, as npm's clients lay it out. */
async function install(): Promise<TemporaryFolder> {
  await using stack = new AsyncDisposableStack();
  const folder = stack.use(await temporaryFolder("frameworks_"));
  await Deno.writeTextFile(join(folder.path, "package.json"), JSON.stringify({ type: "module", dependencies }));
  const args = ["install", "--quiet", `--lock=${lock}`, "--frozen", "--node-modules-dir=manual"];
  await runDeno({ args, cwd: folder.path, timeout: 300_000 });
  await using packed = await packPackage();
  await installPacked(packed, join(folder.path, "node_modules"));
  stack.move();
  return folder;
}

let project: TemporaryFolder | undefined;
Deno.test.afterAll(async () => await project?.[Symbol.asyncDispose]());

const testOn = await testsOn("test frameworks", async () => {
  project = await install();
  return { path: project.path, Node: await nodeExecutable("24.21.0"), Bun: await bunExecutable() };
});
for (const [name, [executable, args, passed]] of Object.entries(frameworks)) {
  testOn(`testing: a program's own tests by ${name}`, async ({ path, ...executables }) => {
    await Deno.copyFile(new URL(`frameworks/${name}.js`, import.meta.url), join(path, `${name}.test.js`));
    const { success, stdout, stderr } = await runToEnd(executables[executable], { args, cwd: path, timeout: 120_000 });

    assert(success, stdout + stderr);
    assertMatch(stdout + stderr, passed);
  });
}
