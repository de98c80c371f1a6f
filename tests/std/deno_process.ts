/**
 * A Deno process started from another, which act as one.
 *
 * @module
 */

/** Runs Deno in this terminal; returns its exit code (128 + n if signal n ended it). */
export async function runDeno(
  args: string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env">,
): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args, ...options }).spawn();
  const listeners: [Deno.Signal, () => void][] = [
    // A terminal's Ctrl+C reaches the child too: wait for its end.
    ["SIGINT", () => {}],
  ];
  if (Deno.build.os !== "windows") {
    // It reaches this process alone.
    listeners.push(["SIGTERM", () => {
      try {
        child.kill("SIGTERM");
      } catch {
        // It has ended.
      }
    }]);
  }
  for (const listener of listeners) Deno.addSignalListener(...listener);
  const { code } = await child.status;
  for (const listener of listeners) Deno.removeSignalListener(...listener);
  return code;
}
