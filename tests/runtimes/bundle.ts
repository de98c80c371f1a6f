/**
 * Bundles, for runtimes that load neither TypeScript nor packages (workerd, a browser). `@std` comes from the source
 * in use.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { chooseSource, environment, flags } from "../std/source.ts";
import { runDeno } from "./run_to_end.ts";

const made = new Map<string, Promise<string>>();

/** What a bundle is for: with `deno`, packages get Node's modules. */
export type BundlePlatform = "browser" | "deno";

/** Bundles `entry` (a file URL), once in a test file; resolves to the JavaScript: a module, or a script (`iife`). */
export function bundle(
  entry: URL,
  format: "esm" | "iife" = "esm",
  platform: BundlePlatform = "browser",
): Promise<string> {
  const key = `${platform} ${format} ${entry.href}`;
  if (!made.has(key)) made.set(key, make(entry, format, platform));
  return made.get(key)!;
}

async function make(entry: URL, format: string, platform: BundlePlatform): Promise<string> {
  const source = await chooseSource();
  const options = ["--quiet", "--platform", platform, "--format", format];
  const args = ["bundle", ...flags(source, "bundle"), ...options, fileURLToPath(entry)];
  return await runDeno({ args, env: environment(source), timeout: 60_000 });
}
