/**
 * The public key that belongs to a signer elsewhere.
 *
 * @module
 */

import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { getKeyParameters, getSigningParameters, type PrivateKeyAlgorithm } from "./signing_algorithm.ts";

/** In the order of a thumbprint (RFC 7638 §3.3). */
export const parameters: Readonly<Record<string, readonly (keyof JsonWebKey)[]>> = {
  RSA: ["e", "kty", "n"],
  EC: ["crv", "kty", "x", "y"],
  OKP: ["crv", "kty", "x"],
};

/**
 * Checks a public key, and returns a function that reads it: its parameters alone. Both throw a `TypeError`; which key
 * it is shows only there.
 */
export function readPublicKey(given: JsonWebKey | CryptoKey, alg: PrivateKeyAlgorithm): () => Promise<JsonWebKey> {
  const { name, namedCurve = name } = getKeyParameters(alg);
  const fail = (): never => {
    throw new TypeError(`publicKey must be a public key for ${alg}: a JWK, or an extractable CryptoKey.`);
  };
  const pick = (jwk: JsonWebKey) => {
    const { kty = "", crv, d } = Object(jwk) as JsonWebKey;
    const wanted = /^RSA/.test(name) ? "RSA" : name === "ECDSA" ? "EC" : "OKP";
    if (kty !== wanted || kty !== "RSA" && crv !== namedCurve || d !== undefined) fail();
    const picked = parameters[kty]!.map((each) => [each, jwk[each]]);
    if (!picked.every(([, value]) => typeof value === "string")) fail();
    if (kty === "RSA") checkModulus(jwk.n!);
    return Object.fromEntries(picked) as JsonWebKey;
  };
  if ("kty" in Object(given)) {
    const jwk = pick(given as JsonWebKey);
    return () => Promise.resolve(jwk);
  }
  const key = Object(given) as Partial<CryptoKey>;
  const { name: ownName = "", namedCurve: ownCurve }: { name?: string; namedCurve?: string } = key.algorithm ?? {};
  const isOther = /^RSA/.test(name) ? !/^RSA/.test(ownName) : ownName !== name || (ownCurve ?? ownName) !== namedCurve;
  if (key.type !== "public" || !key.extractable || isOther) fail();
  return async () => pick(await crypto.subtle.exportKey("jwk", given as CryptoKey));
}

/** Throws for a modulus that is short, or isn't written as thumbprints have it. */
function checkModulus(n: string): void {
  let bytes: Uint8Array;
  try {
    bytes = decodeBase64Url(n);
  } catch {
    bytes = new Uint8Array(1);
  }
  if (bytes[0] === 0) {
    throw new TypeError("publicKey's n must be base64url, without a zero byte in front (RFC 7518 §6.3.1.1).");
  }
  if (bytes.length < 256) {
    throw new TypeError(`The RSA key has ${bytes.length * 8} bits. Use one of 2048 or more (RFC 7518 §3.3).`);
  }
}

/** Makes the SHA-256 thumbprint of a key that {@linkcode readPublicKey} has read (RFC 7638), in base64url. */
export async function makeThumbprint(jwk: JsonWebKey): Promise<string> {
  return encodeBase64Url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(jwk))));
}

/** How a signature may be made; the usual way is the algorithm's own. */
export interface SignatureForm {
  readonly name: string;
  readonly namedCurve?: string;
  readonly hash?: string;
  readonly saltLength?: number;
}

/** Verifies a signature; `undefined` where the runtime doesn't know the algorithm. A damaged key verifies none. */
export async function verifySignature(
  alg: PrivateKeyAlgorithm,
  jwk: JsonWebKey,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
  form: SignatureForm = getSigningParameters(alg),
): Promise<boolean | undefined> {
  try {
    const key = await crypto.subtle.importKey("jwk", jwk, form, false, ["verify"]);
    return await crypto.subtle.verify(form, key, signature, data);
  } catch (error) {
    return Object(error).name === "NotSupportedError" ? undefined : false;
  }
}
