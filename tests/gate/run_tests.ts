/**
 * All tests, the documentation's examples among them, in two processes; or those that arguments of `deno test` name.
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
function run(paths: readonly string[], print?: (output: Uint8Array) => void): Promise<number> {
  return runDeno(["test", ...options, ...paths], { cwd: root, env, print });
}

/** Runs all tests in two processes, one after the other on the screen; returns the exit code. */
async function runAll(): Promise<number> {
  // Those of other runtimes, which `tests/runtimes` compares. They mostly wait for programs.
  const runtimes = ["client_auth", "consumer", "dpop", "grant", "runtimes"].map((name) => `tests/${name}`);
  const others = [...Deno.readDirSync(`${root}/tests`)]
    .filter(({ name, isDirectory }) => isDirectory || name.endsWith("_test.ts"))
    .map(({ name }) => `tests/${name}`).filter((path) => !runtimes.includes(path)).sort();
  const start = performance.now();
  const outputs = [new Output(), new Output()] as const;
  const first = run(runtimes, (output) => outputs[0].add(output));
  const second = run(["README.md", "mod.ts", "src", "examples", ...others], (output) => outputs[1].add(output));
  outputs[0].show();
  await first;
  outputs[1].show();
  const codes = await Promise.all([first, second]);
  const [passed = 0, steps = 0, failed = 0, ignored = 0] = outputs.map((output) => output.count())
    .reduce((sums, counts) => sums.map((sum, index) => sum + counts[index]!));
  const seconds = Math.round((performance.now() - start) / 1000);
  const isFine = codes.every((code) => code === 0);
  console.log(
    `${isFine ? "ok" : "FAILED"} | ${passed} passed (${steps} steps) | ${failed} failed | ${ignored} ignored (${
      Math.floor(seconds / 60)
    }m${seconds % 60}s)`,
  );
  return isFine ? 0 : 1;
}

/** What a run prints: kept, and shown from the moment on at which it is to be. */
class Output {
  readonly #parts: Uint8Array[] = [];
  #isShown = false;

  add(part: Uint8Array): void {
    this.#parts.push(part);
    if (this.#isShown) Deno.stdout.writeSync(part);
  }

  show(): void {
    this.#isShown = true;
    for (const part of this.#parts) Deno.stdout.writeSync(part);
  }

  /** Passed tests and steps, failed and ignored tests, by the last line that says so. */
  count(): number[] {
    const decoder = new TextDecoder();
    const text = this.#parts.map((part) => decoder.decode(part, { stream: true })).join("");
    const summary = /\| (\d+) passed(?: \((\d+) steps?\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/g;
    return ([...text.matchAll(summary)].at(-1) ?? []).slice(1).map((count) => Number(count ?? 0));
  }
}

const code = Deno.args.length > 0 ? await run(Deno.args) : await runAll();
await servers[Symbol.asyncDispose]();
Deno.exit(code);
