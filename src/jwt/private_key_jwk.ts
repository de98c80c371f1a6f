/**
 * A private key as a JSON Web Key (RFC 7517).
 *
 * @module
 */

import { checkAlgorithm, type KeyKind, type PrivateKeyAlgorithm } from "./signing_algorithm.ts";

/** Holds a private key as a JSON Web Key (RFC 7517). */
export type PrivateJwk = Readonly<JsonWebKey> & {
  /** The key's identifier (RFC 7517 §4.5). */
  readonly kid?: string | undefined;
};

/** A JSON Web Key, read. */
export interface JwkKey {
  readonly kind: KeyKind;
  readonly alg: PrivateKeyAlgorithm | undefined;
  readonly kid: string | undefined;
  /** The key's parameters only: some runtimes check others, such as `key_ops`. */
  readonly jwk: JsonWebKey;
  /** Whether RSA's primes are missing. */
  readonly isIncomplete: boolean;
}

/** Holds several keys (RFC 7517 §5). */
export interface PrivateJwkSet {
  /** The keys; public ones and those for other uses are ignored. */
  readonly keys: readonly PrivateJwk[];
}

/** RSA's parameters that follow from the others (RFC 7518 §6.3.2). */
const derived: readonly string[] = ["p", "q", "dp", "dq", "qi"];

const parameters: Readonly<Record<string, readonly (keyof JsonWebKey)[]>> = {
  RSA: ["n", "e", "d", "p", "q", "dp", "dq", "qi"],
  EC: ["crv", "x", "y", "d"],
  OKP: ["crv", "x", "d"],
};

const curves: Readonly<Record<string, readonly KeyKind[]>> = { EC: ["P-256", "P-384", "P-521"], OKP: ["Ed25519"] };

/** Picks the private key of a set: the one with this `kid`, else the only one. */
export function pickJwk(given: readonly PrivateJwk[], kid: string | undefined): PrivateJwk {
  const keys = Array.isArray(given) ? given.map((key): PrivateJwk => Object(key)) : [];
  const usable = keys.filter(({ kty, d, use = "sig" }) => kty !== "oct" && d !== undefined && use === "sig");
  const found = kid === undefined ? usable : usable.filter((key) => key.kid === kid);
  if (found.length === 1) return found[0]!;
  throw new TypeError(
    `The private key is a JWK set with ${found.length || "no"} private keys for signatures${
      kid === undefined ? "" : " under this kid"
    }: pass ${usable.length > 0 ? "kid, or one key of it" : "another, or the private key itself"}.`,
  );
}

/** Reads a JSON Web Key. Errors show only its type. */
export function readJwk(given: PrivateJwk): JwkKey {
  const { kty = "", crv, use, key_ops: operations, alg, kid } = given;
  if (kty === "oct") {
    throw new TypeError("The JWK is a shared secret: pass it to clientSecretJwt instead.");
  }
  const wanted = Object.hasOwn(parameters, kty) ? parameters[kty]! : undefined;
  if (wanted === undefined) throw new TypeError('The JWK\'s kty must be "RSA", "EC" or "OKP".');
  const kind = kty === "RSA" ? "RSA" : curves[kty]!.find((curve) => curve === crv);
  if (kind === undefined) throw new TypeError(`The JWK's crv must be ${curves[kty]!.join(", ")}.`);
  if (given.d === undefined) throw new TypeError("The JWK is a public key: pass the private key that belongs to it.");
  if (given.oth !== undefined) throw new TypeError("The JWK has more than two primes (oth): make another key.");
  const absent = wanted.filter((name) => typeof given[name] !== "string");
  const missing = absent.filter((name) => kind !== "RSA" || !derived.includes(name));
  if (missing.length > 0) throw new TypeError(`The JWK is incomplete: it lacks ${missing.join(", ")}.`);
  if (use !== undefined && use !== "sig" || operations !== undefined && !operations?.includes?.("sign")) {
    throw new TypeError("The JWK is not for signing: use must be sig, and key_ops include sign.");
  }
  try {
    checkAlgorithm(alg);
  } catch {
    throw new TypeError("The JWK's alg is unknown. Remove it, and pass the right one as alg.");
  }
  const isIncomplete = absent.length > 0;
  return {
    kind,
    alg,
    kid,
    isIncomplete,
    jwk: { kty, ...Object.fromEntries(wanted.map((name) => [name, given[name]])) },
  };
}
