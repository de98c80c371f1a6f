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
const dependencies = { hono: "4.13.19", jest: "30.5.2", msw: "3.0.5", vite: "7.3.8", vitest: "5.1.2" };

/** One framework's way to run a file of tests. */
interface Framework {
  /** The file, and what is put before it: the names that the framework gives. */
  readonly source: string;
  readonly imports?: string;
  readonly executable: "Node" | "Bun";
  /** The last one is the file's name in the project. */
  readonly args: readonly [...string[], file: string];
  /** What it prints when all have passed. */
  readonly passed: RegExp;
}

const example = "../../examples/projects_test.ts";
const expecting = "frameworks/expecting.js";
const frameworks: Readonly<Record<string, Framework>> = {
  "node:test": {
    source: "frameworks/node.js",
    executable: "Node",
    args: ["--test", "node.test.js"],
    passed: /(#|ℹ) pass 2\b/,
  },
  "node:test, the example": {
    source: example,
    executable: "Node",
    args: ["--test", "projects_test.ts"],
    passed: /(#|ℹ) pass 4\b/,
  },
  "bun test, the example": {
    source: example,
    executable: "Bun",
    args: ["test", "projects_test.ts"],
    passed: /\b4 pass\b/,
  },
  "node:test, in MSW and Hono": {
    source: "frameworks/hosts.js",
    imports: 'import { http } from "msw"; import { setupServer } from "msw/node"; import { Hono } from "hono";',
    executable: "Node",
    args: ["--test", "hosts.test.js"],
    passed: /(#|ℹ) pass 2\b/,
  },
  "vitest": {
    source: expecting,
    imports: 'import { expect, test, vi as timers } from "vitest";',
    executable: "Node",
    args: ["node_modules/vitest/vitest.mjs", "run", "vitest.test.js"],
    passed: /Tests +2 passed/,
  },
  "jest": {
    source: expecting,
    imports: 'import { expect, jest as timers, test } from "@jest/globals";',
    executable: "Node",
    args: ["--experimental-vm-modules", "node_modules/jest/bin/jest.js", "--ci", "jest.test.js"],
    passed: /Tests: +2 passed, 2 total/,
  },
  "bun test": {
    source: expecting,
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
for (const [name, { source, imports = "", executable, args, passed }] of Object.entries(frameworks)) {
  testOn(`testing: a program's own tests by ${name}`, async ({ path, ...executables }) => {
    const text = await Deno.readTextFile(new URL(source, import.meta.url));
    await Deno.writeTextFile(join(path, args.at(-1)!), `${imports}\n${text}`);
    const { success, stdout, stderr } = await runToEnd(executables[executable], { args, cwd: path, timeout: 120_000 });

    assert(success, stdout + stderr);
    assertMatch(stdout + stderr, passed);
  });
}
