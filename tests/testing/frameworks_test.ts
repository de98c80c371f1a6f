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

/** One framework's way to run a file of two tests. */
interface Framework {
  /** The tests: `node`, or `expecting` with an import before it. */
  readonly imports?: string;
  readonly executable: "Node" | "Bun";
  readonly args: readonly string[];
  /** What it prints when both have passed. */
  readonly passed: RegExp;
}

const frameworks: Readonly<Record<string, Framework>> = {
  "node": { executable: "Node", args: ["--test", "node.test.js"], passed: /(#|ℹ) pass 2\b/ },
  "vitest": {
    imports: 'import { expect, test, vi as timers } from "vitest";',
    executable: "Node",
    args: ["node_modules/vitest/vitest.mjs", "run", "vitest.test.js"],
    passed: /Tests +2 passed/,
  },
  "jest": {
    imports: 'import { expect, jest as timers, test } from "@jest/globals";',
    executable: "Node",
    args: ["--experimental-vm-modules", "node_modules/jest/bin/jest.js", "--ci", "jest.test.js"],
    passed: /Tests: +2 passed, 2 total/,
  },
  "bun": {
    imports: 'import { expect, jest as timers, test } from "bun:test";',
    executable: "Bun",
    args: ["test", "bun.test.js"],
    passed: /\b2 pass\b/,
  },
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
for (const [name, { imports = "", executable, args, passed }] of Object.entries(frameworks)) {
  testOn(`testing: a program's own tests by ${name}`, async ({ path, ...executables }) => {
    const source = new URL(`frameworks/${imports ? "expecting" : "node"}.js`, import.meta.url);
    await Deno.writeTextFile(join(path, `${name}.test.js`), `${imports}\n${await Deno.readTextFile(source)}`);
    const { success, stdout, stderr } = await runToEnd(executables[executable], { args, cwd: path, timeout: 120_000 });

    assert(success, stdout + stderr);
    assertMatch(stdout + stderr, passed);
  });
}
