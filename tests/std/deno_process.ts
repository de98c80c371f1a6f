/**
 * One Deno process started from another, seen from outside as if it were the same one.
 *
 * @module
 */

/** Runs Deno with these arguments in this terminal, and gives its exit code (128 + n where signal n ended it). */
export async function runDeno(
  args: string[],
  options: Pick<Deno.CommandOptions, "cwd" | "env">,
): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args, ...options }).spawn();
  let ended = false;
  const listeners: [Deno.Signal, () => void][] = [
    // A terminal's Ctrl+C reaches the whole process group, the child included: what is left is to wait for its end.
    ["SIGINT", () => {}],
  ];
  if (Deno.build.os !== "windows") {
    // Who stops this process by its number means the child too, which can't know.
    listeners.push(["SIGTERM", () => ended || child.kill("SIGTERM")]);
  }
  for (const listener of listeners) Deno.addSignalListener(...listener);
  const { code } = await child.status;
  ended = true;
  for (const listener of listeners) Deno.removeSignalListener(...listener);
  return code;
}
