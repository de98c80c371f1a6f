/**
 * How an id or a secret is written that isn't as a server gives it: traces of files, shells and templates.
 *
 * @module
 */

/** Blanks, and what looks like nothing at all. */
const blanks = String.raw`[\s\u200b-\u200d\u2060\ufeff]+`;
const atEnds = new RegExp(`^${blanks}|${blanks}$`, "g");

// deno-fmt-ignore
const oddities: readonly (readonly [pattern: RegExp, remark: string])[] = [
  [/^(["']).*\1$/s, "stands in quotation marks"],
  [/^(bearer|basic) /i, "begins with a scheme (Bearer, Basic), as a header's value does"],
  [/^[$%]\{?\w+\}?%?$|^\{\{.*\}\}$|^\$\(.*\)$/, "is the name of a variable, as it seems, not its value"],
  [/^<.*>$|^your[-_ ]|change.?me/i, "is a placeholder, as it seems"],
  [/^(undefined|null|none|nan|\[object .*\])$/i, "is a word that programs write for what isn't set"],
  [/^(export )?[A-Z][A-Z\d_]{3,}=./, "begins with a variable's name and an equals sign"],
  [/^(~?\/|\.\.?\/|[A-Z]:\\).*\.\w{2,5}$|^\/(run|etc|var|home|tmp|mnt)\//, "is a file's path, as it seems, not what is in it"],
  [/^[^%]*(%[\da-f]{2}[^%]*)+$/i, "is percent-encoded, as it seems"],
  [/^\{.*\}$/s, "is JSON, as it seems, not a value of it"],
];

/** Removes blanks, line breaks and invisible characters at both ends. */
export function trimBlanks(text: string): string {
  return text.replace(atEnds, "");
}

/** Says how an id or a secret is oddly written, in words that follow its option's name; it isn't shown. */
export function findOddity(text: string): string | undefined {
  const trimmed = trimBlanks(text);
  return oddities.find(([pattern]) => pattern.test(trimmed))?.[1] ??
    (isBase64(trimmed, /^[!-~]+:[!-~]+$/) ? 'is the base64 of "id:secret", as it seems' : undefined);
}

/** Whether a text is base64 of what matches. */
export function isBase64(text: string, pattern: RegExp): boolean {
  try {
    return pattern.test(atob(text));
  } catch {
    return false;
  }
}
