/**
 * The primes of an RSA key that is known by n, e and d alone: Web Crypto wants all of its numbers.
 *
 * @module
 */

import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { toHex } from "./der.ts";

/** Completes a private JWK (RFC 7518 §6.3.2). Throws a `TypeError` if the numbers don't belong together. */
export function completeRsaJwk({ n = "", e = "", d = "" }: JsonWebKey): JsonWebKey {
  const [modulus, exponent, secret] = [readNumber(n), readNumber(e), readNumber(d)];
  const p = findPrime(modulus, exponent * secret - 1n);
  if (p === undefined) throw new TypeError("The private key is damaged: its n, e and d don't belong together.");
  const q = modulus / p;
  const numbers = { p, q, dp: secret % (p - 1n), dq: secret % (q - 1n), qi: power(q, p - 2n, p) };
  const written = Object.entries(numbers).map(([name, number]) => [name, writeNumber(number)]);
  return { kty: "RSA", n, e, d, ...Object.fromEntries(written) };
}

/**
 * Finds a factor by a square root of 1 that is neither 1 nor −1 (NIST SP 800-56B, appendix C.1). Each base finds one with
 * a probability of a half at least.
 */
function findPrime(modulus: bigint, multiple: bigint): bigint | undefined {
  if (modulus < 15n || multiple <= 0n) return undefined;
  let odd = multiple;
  while (odd % 2n === 0n) odd /= 2n;
  for (let base = 2n; base < 100n; base++) {
    let root = power(base, odd, modulus);
    for (let exponent = odd; exponent < multiple; exponent *= 2n) {
      const square = root * root % modulus;
      if (square === 1n && root !== 1n && root !== modulus - 1n) {
        const [p, q] = [divisor(root - 1n, modulus), divisor(root + 1n, modulus)];
        if (p * q === modulus) return p > q ? p : q;
      }
      root = square;
    }
    // It is 1 for each base if the numbers belong together.
    if (root !== 1n) return undefined;
  }
  return undefined;
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let [result, square] = [1n, base % modulus];
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = result * square % modulus;
    square = square * square % modulus;
  }
  return result;
}

function divisor(a: bigint, b: bigint): bigint {
  while (b > 0n) [a, b] = [b, a % b];
  return a;
}

/** Reads a number; 0 for what is none, whose error would show it. */
function readNumber(text: string): bigint {
  try {
    return BigInt(`0x0${toHex(decodeBase64Url(text))}`);
  } catch {
    return 0n;
  }
}

function writeNumber(number: bigint): string {
  const hex = number.toString(16);
  const bytes = hex.padStart(hex.length + hex.length % 2, "0").match(/../g)!.map((byte) => parseInt(byte, 16));
  return encodeBase64Url(new Uint8Array(bytes));
}
