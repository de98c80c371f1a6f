/**
 * The portable suite as a program, for runtimes that run TypeScript: the repository's own files, with `@std` in
 * `node_modules` as package managers for npm lay it out. Nothing is bundled, and nothing has to be fetched.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { SuiteRun } from "./report.ts";
import { type RunOptions, type RunResult, runToEnd } from "./run_to_end.ts";
import type { SuiteInput } from "./suite/case.ts";
import { temporaryFolder } from "./temporary_folder.ts";

const repository = new URL("../../", import.meta.url);
const parts = ["mod.ts", "src", "tests/runtimes/suite", "tests/faults/behaviours.ts"];

/** The manifests of `@std`'s packages. */
const std = {
  assert: { type: "module", exports: "./mod.js" },
  encoding: { type: "module", exports: { "./*": "./*.js" } },
  internal: { type: "module" },
};

/** What Deno finds where: it reads no `node_modules` here. */
const imports = {
  "@m2m/authenticator": "./mod.ts",
  "@std/assert": "./node_modules/@std/assert/mod.js",
  "@std/encoding/base64": "./node_modules/@std/encoding/base64.js",
  "@std/encoding/base64url": "./node_modules/@std/encoding/base64url.js",
  "jose": "./node_modules/jose/dist/webapi/index.js",
};

/** Goes before the results, on a line of their own. */
export const resultsMark = "results of the suite: ";

/** Runs the suite by an executable, in a folder of its own; `args` go before the file to be run. */
export function runAsProgram(
  { executable, args, env = {} }: RunOptions & { readonly executable: string },
): (input: SuiteInput) => Promise<SuiteRun> {
  return async (input) => {
    await using project = await temporaryFolder("suite_");
    await layOut(project.path);
    await Deno.writeTextFile(
      join(project.path, "main.ts"),
      `import { runSuite } from "./tests/runtimes/suite/run.ts";
const results = await runSuite(${JSON.stringify(input)});
console.log(${JSON.stringify(resultsMark)} + JSON.stringify(results));
`,
    );
    const options = { args: [...args, "main.ts"], cwd: project.path, env, timeout: 120_000 };
    return readRun(await runToEnd(executable, options));
  };
}

/** Takes the results out of a program's output. */
export function readRun({ success, stdout, stderr }: RunResult): SuiteRun {
  const lines = stdout.split("\n");
  const index = lines.findIndex((line) => line.startsWith(resultsMark));
  if (!success || index < 0) throw new Error(`The suite didn't run to its end:\n${stdout}\n${stderr}`);
  const [line = ""] = lines.splice(index, 1);
  return { results: JSON.parse(line.slice(resultsMark.length)), printed: lines.join("\n") + stderr };
}

async function layOut(folder: string): Promise<void> {
  for (const part of parts) {
    await Deno.mkdir(dirname(join(folder, part)), { recursive: true });
    await cp(fileURLToPath(new URL(part, repository)), join(folder, part), { recursive: true });
  }
  // npm's `deno-std` has the code of `@std`. It has no place on disk before something of it is imported.
  await import("npm:deno-std@1.4.0/assert/mod.js");
  const packages = new URL("../", import.meta.resolve("npm:deno-std@1.4.0/assert/mod.js"));
  for (const [name, manifest] of Object.entries(std)) {
    const target = join(folder, "node_modules", "@std", name);
    await cp(fileURLToPath(new URL(name, packages)), target, { recursive: true });
    await Deno.writeTextFile(join(target, "package.json"), JSON.stringify(manifest));
  }
  await import("jose");
  const jose = new URL("../../", import.meta.resolve("jose"));
  await cp(fileURLToPath(jose), join(folder, "node_modules", "jose"), { recursive: true });
  // The package finds itself by its own name. It isn't in node_modules, where Node takes no TypeScript.
  const manifest = { name: "@m2m/authenticator", type: "module", exports: "./mod.ts" };
  await Deno.writeTextFile(join(folder, "package.json"), JSON.stringify(manifest));
  await Deno.writeTextFile(join(folder, "import_map.json"), JSON.stringify({ imports }));
}
