/** A program run to its end. @module */

/** How a program is run. */
export interface RunOptions {
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Besides the test's own. */
  readonly env?: Readonly<Record<string, string>>;
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

/** What all programs of the tests are started with. */
export function commandOptions({ args, cwd, env }: RunOptions): Deno.CommandOptions {
  return {
    args: [...args],
    ...(cwd !== undefined && { cwd }),
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  };
}

/** Runs `executable` to its end: no standard input, no colours, killed by its own process id when late. */
export async function runToEnd(executable: string, options: RunOptions): Promise<RunResult> {
  const { timeout = 30_000 } = options;
  const child = new Deno.Command(executable, commandOptions(options)).spawn();
  let late = "";
  const timer = setTimeout(() => {
    late = `\nkilled: not done within ${timeout} ms`;
    child.kill("SIGKILL");
  }, timeout);
  const { success, code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  return {
    success: success && late === "",
    code,
    stdout: decoder.decode(stdout),
    stderr: decoder.decode(stderr) + late,
  };
}

/** Runs this Deno; resolves to its output, or rejects with what it printed on stderr. */
export async function runDeno(options: RunOptions): Promise<string> {
  const { success, stdout, stderr } = await runToEnd(Deno.execPath(), options);
  if (!success) throw new Error(stderr.replace(/^error: /, ""));
  return stdout;
}
