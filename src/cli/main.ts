/**
 * The command line `m2m`.
 *
 * @module
 */

/** Runs a command line; returns its exit code. */
export async function main(_args: readonly string[]): Promise<number> {
  throw new Error("to do");
}

if (import.meta.main) await main([]);
