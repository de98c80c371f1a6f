/**
 * One ES module out of a TypeScript entry, for runtimes that load neither TypeScript nor packages (workerd, a
 * browser). `@std` comes from the source in use.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { chooseSource, environment, flags } from "../std/source.ts";
import { runToEnd } from "./run_to_end.ts";

/** Bundles `entry` (a file URL) for a web-like platform; resolves to the JavaScript, a module or a script (`iife`). */
export async function bundle(entry: URL, format: "esm" | "iife" = "esm"): Promise<string> {
  const source = await chooseSource();
  const { success, stdout, stderr } = await runToEnd(Deno.execPath(), {
    args: [
      "bundle",
      ...flags(source, "bundle"),
      "--quiet",
      "--platform",
      "browser",
      "--format",
      format,
      fileURLToPath(entry),
    ],
    env: environment(source),
    timeout: 60_000,
  });
  if (!success) throw new Error(`Cannot bundle ${entry.pathname}: ${stderr}`);
  return stdout;
}
