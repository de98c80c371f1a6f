/**
 * A JWT as a compact JWS (RFC 7515 §7.1).
 *
 * @module
 */

import { encodeBase64Url } from "@std/encoding/base64url";
import { getSigningParameters } from "./signing_algorithm.ts";

/** Signs by a key that is elsewhere. */
export type RawSign = (data: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;

/** What signs: a key, a shared secret's bytes, or a function. */
export type SigningMaterial = CryptoKey | Uint8Array<ArrayBuffer> | RawSign;

const encoder = new TextEncoder();

/** Signs claims. `crit` is refused: no extension is known here (RFC 7515 §4.1.11). */
export async function signCompact(
  header: Readonly<Record<string, unknown>> & { readonly alg: string },
  claims: object,
  key: SigningMaterial,
): Promise<string> {
  if ("crit" in header || "b64" in header) throw new TypeError("header must not have crit or b64.");
  const text = [header, claims].map((part) => encodeBase64Url(JSON.stringify(part))).join(".");
  const data = encoder.encode(text);
  const signature = typeof key === "function" ? await key(data) : await sign(header.alg, key, data);
  return `${text}.${encodeBase64Url(signature)}`;
}

async function sign(
  alg: string,
  key: CryptoKey | Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array> {
  const parameters = getSigningParameters(alg);
  const imported = key instanceof Uint8Array
    ? await crypto.subtle.importKey("raw", key, parameters, false, ["sign"])
    : key;
  return new Uint8Array(await crypto.subtle.sign(parameters, imported, data));
}
