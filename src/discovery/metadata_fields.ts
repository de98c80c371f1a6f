/**
 * What may stand in the fields of published metadata. A field that holds something else is taken for absent.
 *
 * @module
 */

import { isLoopback } from "../http/loopback.ts";
import { checkUrl } from "../arguments.ts";

/** Whether a URL may be used, by what it begins with. */
export type Allows = (url: string) => boolean;

/** What stands in a field, made safe to hand out; nothing where it is something else. */
export type Kind = (value: unknown, isAllowed: Allows) => unknown;

export const text: Kind = (value) => typeof value === "string" && value !== "" ? value : undefined;
export const list: Kind = (value) =>
  Array.isArray(value) && value.every((item) => typeof item === "string") ? Object.freeze([...value]) : undefined;
export const flag: Kind = (value) => typeof value === "boolean" ? value : undefined;
export const url: Kind = (value, isAllowed) => isUrl(value) && isAllowed(value) ? value : undefined;
export const urls: Kind = (value, isAllowed) =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.freeze(Object.fromEntries(Object.entries(value).filter(([, item]) => url(item, isAllowed))))
    : undefined;

/** The fields of a document that are known, and hold what they should. */
export function keepFields(
  document: Record<string, unknown>,
  kinds: ReadonlyMap<string, Kind>,
  isAllowed: Allows,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(document).flatMap(([name, value]) => {
      const kept = kinds.get(name)?.(value, isAllowed);
      return kept === undefined ? [] : [[name, kept]];
    }),
  );
}

/** Whether it is an absolute URL, as `checkUrl` has it, in a string. */
export function isUrl(value: unknown): value is string {
  try {
    checkUrl("", value);
    return typeof value === "string";
  } catch {
    return false;
  }
}

/** Unencrypted is what stays on this machine, and only for a publisher that does so as well. */
export function isSecure(url: string, publisher: string, allowInsecureRequests: boolean): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" || allowInsecureRequests ||
    isLoopback(hostname) && new URL(publisher).protocol === "http:";
}
