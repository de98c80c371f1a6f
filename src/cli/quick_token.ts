/**
 * The short way of `m2m token`: a command line that was run before, with the same variables and files, prints the same
 * token again while it is fresh.
 *
 * Arguments and settings aren't parsed then, and most modules aren't loaded: that takes several times as long. What was
 * printed is in a private file, sealed by a key beside it, and forgotten when a cached token changes.
 *
 * @module
 */

import { type PrintedCredentials, printToken, type TokenForm } from "./commands/print_token.ts";
import { isPrivateFolder, listEnvironment, locateCache, locateProfiles, readBytes, readFile } from "./host.ts";

/** What a command line printed. */
export interface Printed extends TokenForm {
  readonly credentials: PrintedCredentials;
  /** From when until when it may be printed again, by the wall clock in milliseconds. */
  readonly from: number;
  readonly until: number;
}

/** Where a command line is remembered. */
export interface Place {
  readonly folder: string;
  /** Beside it: the file of the key. */
  readonly keyFile: string;
  readonly file: string;
  /** The file's name, which is sealed along: files can't be exchanged. */
  readonly name: string;
}

/** What none of these command lines has. */
const longWay = /^(--no-cache|--refresh|--help|-h)$/;
/** The bytes of an initialization vector (NIST SP 800-38D §8.2). */
const ivLength = 12;

/** Prints the token of a command line that is remembered; whether there was a fresh one. */
export async function printQuickToken(args: readonly string[]): Promise<boolean> {
  const printed = args[0] === "token" && !args.some((each) => longWay.test(each)) ? await recall(args) : undefined;
  if (printed) await printToken(printed.credentials, printed);
  return printed !== undefined;
}

async function recall(args: readonly string[]): Promise<Printed | undefined> {
  try {
    const place = await locateCommand(args);
    if (!place || !isPrivateFolder(place.folder)) return undefined;
    const sealed = readBytes(place.file);
    const key = await importKey(readBytes(place.keyFile));
    const algorithm = nameAlgorithm(place, sealed.subarray(0, ivLength));
    const text = await crypto.subtle.decrypt(algorithm, key, sealed.subarray(ivLength));
    const printed: Printed = JSON.parse(new TextDecoder().decode(text));
    const now = Date.now();
    return printed.from <= now && now < printed.until ? printed : undefined;
  } catch {
    // There is none, or it can't be used: the long way says what is wrong.
    return undefined;
  }
}

/** Seals what a command line printed. */
export async function sealPrinted(
  printed: Printed,
  place: Place,
  key: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const iv = crypto.getRandomValues(new Uint8Array(ivLength));
  const text = new TextEncoder().encode(JSON.stringify(printed));
  const sealed = await crypto.subtle.encrypt(nameAlgorithm(place, iv), await importKey(key), text);
  return new Uint8Array([...iv, ...new Uint8Array(sealed)]);
}

function nameAlgorithm({ name }: Place, iv: Uint8Array<ArrayBuffer>): AesGcmParams {
  return { name: "AES-GCM", iv, additionalData: new TextEncoder().encode(name) };
}

async function importKey(key: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** The folder where command lines are remembered. */
export function locateCommands(): string | undefined {
  const cache = locateCache();
  return cache && `${cache}/commands`;
}

/** Where a command line is remembered: by all that its settings may come from. `undefined` where Deno may not look. */
export async function locateCommand(args: readonly string[]): Promise<Place | undefined> {
  const folder = locateCommands();
  const variables = listEnvironment().filter(([name]) => name.startsWith("M2M_")).sort();
  const files = [".env", locateProfiles()].map(readFile);
  const name = await hashName(["m2m-command-line-2", args, variables, files]);
  return folder ? { folder, keyFile: `${folder}/key`, file: `${folder}/${name}`, name } : undefined;
}

/** Makes the name of a cached file: a hash, which tells nothing of what it is made of. */
export async function hashName(parts: readonly unknown[]): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(parts)));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
