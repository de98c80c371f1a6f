/**
 * A Deno process started from another, which act as one.
 *
 * @module
 */

/** How Deno is run. */
export interface RunOptions extends Pick<Deno.CommandOptions, "cwd" | "env"> {
  /** Gets what it prints. Default: this terminal does. */
  readonly print?: ((output: Uint8Array) => void) | undefined;
}

/** Runs Deno; returns its exit code (128 + n if signal n ended it). */
export async function runDeno(args: string[], { print, ...options }: RunOptions): Promise<number> {
  const output = print ? "piped" : "inherit";
  const child = new Deno.Command(Deno.execPath(), { args, stdout: output, stderr: output, ...options }).spawn();
  const printing = print ? [child.stdout, child.stderr].map((stream) => Array.fromAsync(stream, print)) : [];
  const pass = () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // It has ended.
    }
  };
  // A terminal's Ctrl+C reaches the child too: wait for its end. SIGTERM reaches this process alone.
  const listeners: [Deno.Signal, () => void][] = [["SIGINT", () => {}], ["SIGTERM", pass]];
  if (Deno.build.os === "windows") listeners.pop();
  for (const listener of listeners) Deno.addSignalListener(...listener);
  const [{ code }] = await Promise.all([child.status, ...printing]);
  for (const listener of listeners) Deno.removeSignalListener(...listener);
  return code;
}
