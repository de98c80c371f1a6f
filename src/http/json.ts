/**
 * Reads an answer that is to be a JSON object.
 *
 * @module
 */

/** The object, or `undefined` for any other text. */
export function parseJsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
