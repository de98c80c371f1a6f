/**
 * What may be printed of an object that holds secrets.
 *
 * @module
 */

/** Makes printers that read private fields or getters (those of Deno, Node and Bun ask first) print what JSON gets. */
export function printAsJson(prototype: { toJSON(): unknown }): void {
  const key = Symbol.for("nodejs.util.inspect.custom");
  if (Object.hasOwn(prototype, key)) return;
  Object.defineProperty(prototype, key, {
    value(this: { toJSON(): unknown }) {
      return this.toJSON();
    },
  });
}
