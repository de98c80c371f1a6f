/**
 * The portable suite as a program, for runtimes that run TypeScript: the repository's own files, with `@std` in
 * `node_modules` as package managers for npm put it there. Nothing is bundled, and nothing has to be fetched.
 *
 * @module
 */

import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { runToEnd } from "./run_to_end.ts";
import { startStageServer } from "./stage_server.ts";
import type { CaseResult, SuiteInput } from "./suite/case.ts";
import { type TemporaryFolder, temporaryFolder } from "./temporary_folder.ts";

const repository = new URL("../../", import.meta.url);
const parts = ["mod.ts", "src", "tests/runtimes/suite", "tests/faults/behaviours.ts"];

/** What runs the suite. */
export interface Program {
  readonly executable: string;
  /** What goes before the file to be run. */
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly lacks: SuiteInput["lacks"];
}

/** What came of it. */
export interface SuiteRun {
  readonly results: readonly CaseResult[];
  /** All that was printed besides. */
  readonly printed: string;
}

/** Goes before the results, on a line of their own. */
export const resultsMark = "results of the suite: ";

/** Runs the suite in a folder of its own, which `program` is told. */
export async function runSuiteAs(program: (folder: string) => Promise<Program>): Promise<SuiteRun> {
  await using stage = await startStageServer();
  await using project = await suiteProject();
  const { executable, args, env = {}, lacks } = await program(project.path);
  const input: SuiteInput = { stage: stage.origin, real: stage.real, lacks };
  await Deno.writeTextFile(
    join(project.path, "main.ts"),
    `import { runSuite } from "./tests/runtimes/suite/run.ts";
const results = await runSuite(${JSON.stringify(input)});
console.log(${JSON.stringify(resultsMark)} + JSON.stringify(results));
`,
  );
  return readRun(
    await runToEnd(executable, { args: [...args, "main.ts"], cwd: project.path, env, timeout: 120_000 }),
  );
}

/** Takes the results out of what a program printed. */
export function readRun({ success, stdout, stderr }: { success: boolean; stdout: string; stderr: string }): SuiteRun {
  const lines = stdout.split("\n");
  const index = lines.findIndex((line) => line.startsWith(resultsMark));
  if (!success || index < 0) throw new Error(`The suite didn't run to its end:\n${stdout}\n${stderr}`);
  const [line = ""] = lines.splice(index, 1);
  return { results: JSON.parse(line.slice(resultsMark.length)), printed: lines.join("\n") + stderr };
}

async function suiteProject(): Promise<TemporaryFolder> {
  await using stack = new AsyncDisposableStack();
  const project = stack.use(await temporaryFolder("suite_"));
  const folder = project.path;
  for (const part of parts) {
    await Deno.mkdir(dirname(join(folder, part)), { recursive: true });
    await cp(fileURLToPath(new URL(part, repository)), join(folder, part), { recursive: true });
  }
  const std = await installStd(join(folder, "node_modules", "@std"));
  // A package finds itself by its own name. It isn't in node_modules, where Node takes no TypeScript.
  await writeJson(folder, "package.json", { name: "@m2m/authenticator", type: "module", exports: "./mod.ts" });
  const imports: Record<string, string> = { "@m2m/authenticator": "./mod.ts" };
  for (const [name, file] of Object.entries(std)) imports[name] = `./node_modules/@std/${file}`;
  await writeJson(folder, "import_map.json", { imports });
  stack.move();
  return project;
}

/** The code of `@std`, which npm's `deno-std` carries; by specifier, the file behind it. */
async function installStd(folder: string): Promise<Record<string, string>> {
  // A package has no place on disk before something of it is imported.
  await import("npm:deno-std@1.4.0/assert/mod.js");
  const packages = new URL("../", import.meta.resolve("npm:deno-std@1.4.0/assert/mod.js"));
  for (const name of ["assert", "encoding", "internal"]) {
    await cp(fileURLToPath(new URL(name, packages)), join(folder, name), { recursive: true });
  }
  await writeJson(join(folder, "assert"), "package.json", { type: "module", exports: "./mod.js" });
  await writeJson(join(folder, "encoding"), "package.json", { type: "module", exports: { "./*": "./*.js" } });
  await writeJson(join(folder, "internal"), "package.json", { type: "module" });
  return {
    "@std/assert": "assert/mod.js",
    "@std/encoding/base64": "encoding/base64.js",
    "@std/encoding/base64url": "encoding/base64url.js",
  };
}

async function writeJson(folder: string, name: string, value: unknown): Promise<void> {
  await Deno.writeTextFile(join(folder, name), JSON.stringify(value));
}
