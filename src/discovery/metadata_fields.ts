/**
 * Parses fields of published metadata. A malformed field counts as absent.
 *
 * @module
 */

import { isLoopback } from "../http/loopback.ts";
import { checkUrl } from "../arguments.ts";

/** Whether a URL may be used, by its scheme. */
export type Allows = (url: string) => boolean;

/** Returns a field's value, frozen, or `undefined` where it is malformed. */
export type FieldParser = (value: unknown, isAllowed: Allows) => unknown;

export const parseText: FieldParser = (value) => typeof value === "string" && value !== "" ? value : undefined;
export const parseList: FieldParser = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === "string") ? Object.freeze([...value]) : undefined;
export const parseFlag: FieldParser = (value) => typeof value === "boolean" ? value : undefined;
export const parseUrl: FieldParser = (value, isAllowed) => isUrl(value) && isAllowed(value) ? value : undefined;
export const parseUrls: FieldParser = (value, isAllowed) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.freeze(Object.fromEntries(Object.entries(value).filter(([, item]) => parseUrl(item, isAllowed))))
    : undefined;

/** Returns the known, well-formed fields of a document. */
export function parseFields(
  document: Record<string, unknown>,
  parsers: ReadonlyMap<string, FieldParser>,
  isAllowed: Allows,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(document).flatMap(([name, value]) => {
      const parsed = parsers.get(name)?.(value, isAllowed);
      return parsed === undefined ? [] : [[name, parsed]];
    }),
  );
}

/** Whether a value is a string that `checkUrl` accepts. */
export function isUrl(value: unknown): value is string {
  try {
    checkUrl("", value);
    return typeof value === "string";
  } catch {
    return false;
  }
}

/** Whether a URL is `https:`, or on loopback where its publisher is `http:` too. */
export function isSecure(url: string, publisher: string, allowInsecureRequests: boolean): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || allowInsecureRequests ||
    isLoopback(hostname) && new URL(publisher).protocol === "http:";
}
