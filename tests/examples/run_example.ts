/** Runs the examples, and compares what they print. @module */

import { assertEquals, assertFalse, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type RunResult, runToEnd } from "../runtimes/run_to_end.ts";
import { temporaryFolder } from "../runtimes/temporary_folder.ts";
import { chooseSource, environment, flags, root } from "../std/source.ts";

/** An example, and what it may do and read. */
export interface ExampleRun {
  /** Its file's name, and arguments after it. */
  readonly command: readonly string[];
  /** The URLs whose hosts it may reach. */
  readonly net: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** The variables that it may read. Default: those of `env`. */
  readonly names?: string;
  /** The files that it may read. Default: none. */
  readonly read?: readonly string[];
  /** The folders that it may read and write. Default: none. */
  readonly write?: readonly string[];
  /** A module of the repository that is loaded before it. Default: none. */
  readonly preload?: string;
}

/** An example among its servers. */
interface ExampleScene extends Omit<ExampleRun, "read"> {
  /** What it is to read, by the variables that name the files. */
  readonly files?: Readonly<Record<string, string>>;
  /** What the servers have seen so far. */
  readonly seen?: () => unknown;
  /** What must not be printed. */
  readonly secrets?: () => readonly string[];
}

/** A run with changes to the scene, and what it ends in: all that it prints (text, pattern, JSON), or how it fails. */
interface ExpectedRun extends Partial<Pick<ExampleRun, "env" | "net" | "read">>, Pick<ExampleScene, "files"> {
  readonly prints?: unknown;
  readonly fails?: string;
  readonly seen?: unknown;
}

export type RunExample = (run: ExampleRun) => Promise<RunResult>;

const source = await chooseSource();

/** The command line of an example, with these permissions and no other, and its environment. */
export function commandLine({ command: [file, ...args], net, env, names, read = [], write = [], preload }: ExampleRun) {
  const hosts = net.map((url) => new URL(url).host);
  const lists = { env: [names ?? Object.keys(env)], net: hosts, read: [...read, ...write], write };
  const permissions = Object.entries(lists).filter(([, list]) => list.length > 0)
    .map(([name, list]) => `--allow-${name}=${list}`);
  const loaded = preload ? [`--preload=${root}/${preload}`] : [];
  const script = fileURLToPath(new URL(`../../examples/${file}`, import.meta.url));
  return {
    args: ["run", ...flags(source, "run"), "--quiet", "--no-prompt", ...loaded, ...permissions, script, ...args],
    env: { ...environment(source), ...env },
  };
}

const runOnDeno: RunExample = (run) => runToEnd(Deno.execPath(), commandLine(run));

/** Runs an example for each expectation, by default on this Deno. */
export async function assertRuns(
  { files, seen: look, secrets = () => [], ...scene }: ExampleScene,
  runs: readonly ExpectedRun[],
  run: RunExample = runOnDeno,
): Promise<void> {
  await using folder = await temporaryFolder("example_");
  for (const { prints, fails, seen, ...change } of runs) {
    const paths: Record<string, string> = {};
    for (const [name, text] of Object.entries(change.files ?? files ?? {})) {
      paths[name] = join(folder.path, name);
      await Deno.writeTextFile(paths[name], text);
    }
    const env = { ...scene.env, ...paths, ...change.env };
    const { success, stdout, stderr } = await run({ ...scene, read: Object.values(paths), ...change, env });
    const printed = stdout + stderr;
    assertEquals(success, fails === undefined, printed);
    if (fails !== undefined) assertStringIncludes(stderr, fails);
    else if (prints instanceof RegExp) assertMatch(printed, prints);
    else assertEquals(typeof prints === "string" ? printed : JSON.parse(printed), prints);
    if (look) assertEquals(look(), seen);
    for (const secret of secrets()) assertFalse(printed.includes(secret), "a secret is printed");
  }
}
