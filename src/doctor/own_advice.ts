/**
 * What the library's own errors say to do: `Cannot <do>: <state>. <What to do>.`
 *
 * @module
 */

/** Reads it: the sentences after the first. */
export function readAdvice(message: string): string | undefined {
  return /^Cannot .*?\. ([A-Z].*)$/s.exec(message)?.[1];
}
