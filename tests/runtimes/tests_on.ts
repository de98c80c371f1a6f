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
  const obtained = await obtainOrSkip(what, async () => ({ runtime: await obtain() }));
  if (!obtained) return (name) => Deno.test({ name, ignore: true, fn() {} });
  return (name, body) => Deno.test({ ...options, name, fn: (context) => body(obtained.runtime, context) });
}

/** Obtains what tests need. Where it can't be had, a line says so, and with `CI=true` that is a failure. */
export async function obtainOrSkip<Value>(
  what: string,
  obtain: () => Value | Promise<Value>,
): Promise<Value | undefined> {
  try {
    return await obtain();
  } catch (error) {
    if (Deno.env.get("CI") === "true") throw new Error(`Cannot test on ${what}`, { cause: error });
    console.log(`skipped: ${what} — ${String(Object(error).message ?? error).split("\n", 1)}`);
    return undefined;
  }
}
