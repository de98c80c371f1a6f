/** A program run to its end, with what it printed. @module */

/** How a program is run. */
export interface RunOptions {
  readonly args: readonly string[];
  readonly cwd?: string;
  /** Set on top of what the test itself was given. */
  readonly env?: Readonly<Record<string, string>>;
  /** After so many milliseconds the program is killed, and the result is no success. Default: 30,000. */
  readonly timeout?: number;
}

/** What came of it. */
export interface RunResult {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `executable` to its end: no standard input, no colours, killed by its own process id when late. */
export async function runToEnd(executable: string, options: RunOptions): Promise<RunResult> {
  const timeout = options.timeout ?? 30_000;
  const child = new Deno.Command(executable, {
    args: [...options.args],
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...options.env, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = "";
  const timer = setTimeout(() => {
    late = `\nkilled: not done within ${timeout} ms`;
    child.kill("SIGKILL");
  }, timeout);
  const output = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  return {
    success: output.success && late === "",
    stdout: decoder.decode(output.stdout),
    stderr: decoder.decode(output.stderr) + late,
  };
}
