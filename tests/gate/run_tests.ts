/**
 * All tests but the fleet's, the documentation's examples among them, in three processes; or those that arguments of
 * `deno test` name.
 *
 * @module
 */

import { startExampleServers } from "../docs/example_servers.ts";
import { runDeno } from "../std/deno_process.ts";
import { chooseSource, environment, flags, root } from "../std/source.ts";

const temporary = Deno.env.get("TMPDIR") ?? Deno.env.get("TEMP") ?? "/tmp";
// Playwright reads it to find Windows' Linux; files under /proc can't be allowed one by one.
const ignored = "/proc/sys/fs/binfmt_misc/WSLInterop";

const source = await chooseSource();
const servers = await startExampleServers();
const options = [
  ...flags(source, "test"),
  "--doc",
  `--preload=${root}/tests/docs/example_hosts.ts`,
  "--trace-leaks",
  "--allow-env",
  "--allow-net",
  "--allow-read",
  "--allow-run",
  `--allow-write=${temporary}`,
  `--ignore-read=${ignored}`,
];
const env = { ...environment(source), EXAMPLE_HOSTS: servers.hosts };

/** Runs some tests, or those that are named; returns the exit code. `print` gets the output. */
function run(
  paths: readonly string[],
  { print, more = {} }: { print?: (output: Uint8Array) => void; more?: Record<string, string> } = {},
): Promise<number> {
  return runDeno(["test", ...options, ...paths], { cwd: root, env: { ...env, ...more }, print });
}

/** Runs all tests in three processes, and shows their outputs one after the other; returns the exit code. */
async function runAll(): Promise<number> {
  // What mostly waits for programs and servers, in two processes.
  const folders = ["client_auth", "consumer", "dpop", "grant", "token_store"].map((name) => `tests/${name}`);
  const runtimes = await listTests("tests/runtimes");
  const isBesides = (path: string) => /(chromium|service_worker|tried_methods)_test\.ts$/.test(path);
  const programs = ["cli", "doctor"].map((name) => `tests/${name}`);
  const suites = [...runtimes.filter((path) => !isBesides(path)), ...programs];
  // Files are named one by one, for Deno runs files before folders, and the last one compares which methods were tried.
  const methods = [...(await Promise.all(folders.map(listTests))).flat(), ...runtimes.filter(isBesides)];
  // 32 processes want the whole machine: a fleet's tests are a task of their own.
  const apart = ["tests/fleet", "tests/runtimes", ...folders, ...programs];
  const others = (await listTests("tests")).filter((path) => !apart.includes(path));
  const start = performance.now();
  const outputs: Uint8Array[][] = [[], [], []];
  const codes = await Promise.all(
    [suites, methods, ["README.md", "SKILL.md", "mod.ts", "src", "examples", ...others]].map((paths, index) =>
      run(paths, {
        more: { ALL_TESTS: "true" },
        print: (part) => {
          outputs[index]!.push(part);
          if (index === 0) Deno.stdout.writeSync(part);
        },
      })
    ),
  );
  for (const part of outputs.slice(1).flat()) Deno.stdout.writeSync(part);
  const counts = outputs.map(readCounts);
  const [passed, steps, failed, ignored] = counts[0]!.map((_, index) =>
    counts.reduce((sum, each) => sum + each[index]!, 0)
  );
  const seconds = Math.round((performance.now() - start) / 1000);
  const isFine = codes.every((code) => code === 0);
  console.log(
    `${isFine ? "ok" : "FAILED"} | ${passed} passed (${steps} steps) | ${failed} failed | ${ignored} ignored ` +
      `(${Math.floor(seconds / 60)}m${seconds % 60}s)`,
  );
  return isFine ? 0 : 1;
}

/** The folders and test files of a folder. */
async function listTests(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(`${root}/${folder}`));
  return entries.filter(({ name, isDirectory }) => isDirectory || name.endsWith("_test.ts"))
    .map(({ name }) => `${folder}/${name}`).sort();
}

/** Passed tests and steps, failed and ignored tests, by the last line that says so. */
function readCounts(parts: readonly Uint8Array[]): number[] {
  const decoder = new TextDecoder();
  const text = parts.map((part) => decoder.decode(part, { stream: true })).join("");
  const summary = /\| (\d+) passed(?: \((\d+) steps?\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/g;
  const [, ...counts] = [...text.matchAll(summary)].at(-1) ?? ["", "0", "0", "0", "0"];
  return counts.map((count) => Number(count ?? 0));
}

const code = Deno.args.length > 0 ? await run(Deno.args) : await runAll();
await servers[Symbol.asyncDispose]();
Deno.exit(code);
