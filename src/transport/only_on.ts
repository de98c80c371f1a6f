/**
 * Keeps what belongs to one runtime from being used on another, where its settings would be passed over in silence.
 *
 * @module
 */

/** Throws a `TypeError` unless this is one of the runtimes, by what they call themselves. */
export function onlyOn(names: readonly string[], what: string): void {
  const here = globalThis.navigator?.userAgent?.split("/")[0] ?? "";
  if (!names.includes(here)) throw new TypeError(`${what} is for ${names[0]}: on this runtime it would do nothing.`);
}
