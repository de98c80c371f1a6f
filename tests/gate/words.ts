/**
 * Finds words that a reader who knows OAuth has to decode, where the field has a term for it.
 *
 * @module
 */

import { root } from "../std/source.ts";
import { repositoryFiles } from "../structure/files.ts";

/** What not to write, and what to write. Names count as the words they are made of. */
const terms: readonly (readonly [words: string, instead: string])[] = [
  ["(who|whom)ever|nobody|somebody|anybody|everybody|who (one|it|they|you|he) (is|are)", "the server, the caller, …"],
  ["he|his|him|himself", "they"],
  ["anew|once more|in the same breath", "again"],
  ["for good|for ever", "permanently"],
  ["renew(s|ed|al|als|ing)?", "refresh"],
  ["troubled?|troubles", "a transient or permanent failure"],
  ["ways? out", "transport"],
  ["wish(es|ed)?|what is asked for", "options, parameters"],
  ["conceal(s|ed|ing)?", "redact, sanitize"],
  ["judg(e|es|ed|ing|ement)", "parse, check, verify"],
  ["thief|thieves", "sender-constrained tokens"],
  ["(gives?|gave|given|giving) back", "revoke, return"],
  ["heritage|kinship", "derived authenticator"],
  ["\\w+ of(?=\\()", "a function's name begins with a verb"],
];

const patterns = terms.map(([words, instead]) => [new RegExp(`(?<![a-z])(${words})(?![a-z])`, "gi"), instead] as const);
const usual = /^(index|value|behalf) of$/i;

/** Finds them in a text, each with its line. */
export function findWords(text: string): string[] {
  return text.split("\n").flatMap((line, index) => {
    const spaced = line.replace(/([a-z])([A-Z])/g, "$1 $2").replaceAll("_", " ");
    return patterns.flatMap(([pattern, instead]) =>
      [...spaced.matchAll(pattern)].map(([found]) => found).filter((found) => !usual.test(found))
        .map((found) => `${index + 1}: "${found}": ${instead}`)
    );
  });
}

/** Not looked at: this list, and what names were before. */
const exempt = /^(tests\/gate\/words\.ts|CHANGELOG\.md)$/;

/** Finds them in the repository's files, or in those whose paths begin so. */
export async function findAllWords(beginnings: readonly string[] = [""]): Promise<string[]> {
  const files = (await repositoryFiles()).filter((path) =>
    /\.(ts|md|html|js)$/.test(path) && !exempt.test(path) &&
    beginnings.some((it) => path.startsWith(it))
  );
  return files.flatMap((path) => findWords(Deno.readTextFileSync(`${root}/${path}`)).map((it) => `${path}:${it}`));
}

if (import.meta.main) {
  const found = await findAllWords(Deno.args.length > 0 ? Deno.args : undefined);
  for (const line of found) console.log(line);
  console.log(`${found.length} found`);
}
