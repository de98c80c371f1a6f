/** A program run to its end. @module */

/** How a program is run. Its environment comes besides the test's own. */
export interface RunOptions extends Pick<Deno.CommandOptions, "cwd" | "env"> {
  readonly args: readonly string[];
  /** After so many milliseconds the program is killed, and the result is no success. Default: 30,000. */
  readonly timeout?: number;
}

/** Its result. */
export interface RunResult {
  readonly success: boolean;
  readonly code?: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts a program as all programs of the tests are: without standard input and colours. */
export function spawn(executable: string, { args, env, timeout: _, ...options }: RunOptions): Deno.ChildProcess {
  const streams = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
  return new Deno.Command(executable, { ...options, ...streams, args: [...args], env: { ...env, NO_COLOR: "1" } })
    .spawn();
}

/** Runs `executable` to its end; it is killed by its own process id when late. */
export async function runToEnd(executable: string, options: RunOptions): Promise<RunResult> {
  const { timeout = 30_000 } = options;
  const child = spawn(executable, options);
  let late = "";
  const timer = setTimeout(() => {
    late = `\nkilled: not done within ${timeout} ms`;
    child.kill("SIGKILL");
  }, timeout);
  const { success, code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const [printed, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { success: success && late === "", code, stdout: printed!, stderr: errors + late };
}

/** Runs this Deno; resolves to its output, or rejects with what it printed on stderr. */
export async function runDeno(options: RunOptions): Promise<string> {
  const { success, stdout, stderr } = await runToEnd(Deno.execPath(), options);
  if (!success) throw new Error(stderr.replace(/^error: /, ""));
  return stdout;
}
