/**
 * Looks whether a file is there.
 *
 * @module
 */

/** Deno, Bun and Node have this, and bundlers for the web don't resolve it. */
declare const process: {
  getBuiltinModule(name: "node:fs"): { existsSync(path: string): boolean };
};

/** Whether the file exists, and may be read as far as the runtime is concerned. */
export function fileExists(path: string): boolean {
  try {
    return process.getBuiltinModule("node:fs").existsSync(path);
  } catch {
    return false;
  }
}
