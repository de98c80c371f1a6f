/**
 * Tests on a runtime that may be unavailable: no package for this platform, or registry out of reach.
 *
 * The tests are ignored then, and one printed line says why. With `CI=true` that is a failure: a gate that tests
 * nothing must not look green.
 *
 * @module
 */

/** Registers a test on the runtime. */
export type RegisterTest<Runtime> = (
  name: string,
  body: (runtime: Runtime, context: Deno.TestContext) => Promise<void>,
) => void;

/**
 * Obtains a runtime, and returns the function that registers tests on it.
 *
 * @example
 * ```ts ignore
 * const testOnBun = await testsOn("Bun", bunExecutable);
 * testOnBun("Bun says its version", async (bun) => { … });
 * ```
 */
export async function testsOn<Runtime>(
  what: string,
  obtain: () => Promise<Runtime>,
  options: Pick<Deno.TestDefinition, "sanitizeOps" | "sanitizeResources"> = {},
): Promise<RegisterTest<Runtime>> {
  let runtime: Runtime;
  try {
    runtime = await obtain();
  } catch (error) {
    if (Deno.env.get("CI") === "true") throw new Error(`Cannot test on ${what}`, { cause: error });
    console.log(`skipped: ${what} — ${String(Object(error).message ?? error).split("\n", 1)}`);
    return (name) => Deno.test({ name, ignore: true, fn() {} });
  }
  return (name, body) => Deno.test({ ...options, name, fn: (context) => body(runtime, context) });
}
