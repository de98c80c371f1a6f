/**
 * The tests that are registered by `Deno.test`, for runtimes that have none. Import it before them.
 *
 * @module
 */

type Body = () => void | Promise<void>;

/** By name. */
export const registered: Map<string, Body> = new Map();

(globalThis as { Deno?: unknown }).Deno = { test: (name: string, body: Body) => registered.set(name, body) };
