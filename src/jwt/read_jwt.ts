/**
 * Reads what a JWT says, without checking its signature: that is for the server that takes it.
 *
 * @module
 */

import { decodeBase64Url } from "@std/encoding/base64url";
import { parseJsonObject } from "../http/json.ts";

/** The two readable parts of a JWT (RFC 7519 §3). */
export interface ReadJwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Reads a token; `undefined` if it is opaque, or encrypted. */
export function readJwt(token: string): ReadJwt | undefined {
  const parts = token.split(".");
  const [header, claims] = parts.length === 3 ? parts.slice(0, 2).map(readPart) : [];
  return header && claims && { header, claims };
}

/** The claims of a JWT; none where it is no JWT. */
export function readClaims(token: string): Readonly<Record<string, unknown>> {
  return readPart(token.split(".")[1] ?? "") ?? {};
}

function readPart(part: string): Record<string, unknown> | undefined {
  try {
    return parseJsonObject(new TextDecoder().decode(decodeBase64Url(part)));
  } catch {
    return undefined;
  }
}

/** A claim that is a number of seconds since the epoch, in milliseconds. */
export function readMoment({ claims }: ReadJwt, name: string): number | undefined {
  const value = claims[name];
  return typeof value === "number" ? value * 1_000 : undefined;
}

/** A claim that is a text, or several: a list, or separated by blanks where `separator` says so. */
export function readTexts(value: unknown, separator?: string): string[] {
  const texts = [value].flat().filter((each): each is string => typeof each === "string");
  return separator === undefined ? texts : texts.flatMap((text) => text.split(separator)).filter(Boolean);
}
