/**
 * Reads an answer that is to be a JSON object.
 *
 * @module
 */

/** Freezes a value that was JSON, with all that it holds. Not by recursion: a server decides how deep it is. */
export function freezeJson<T>(value: T): T {
  const found: unknown[] = [value];
  for (const each of found) {
    if (typeof each !== "object" || each === null) continue;
    for (const held of Object.values(Object.freeze(each))) found.push(held);
  }
  return value;
}

/** The object, or `undefined` for any other text. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
