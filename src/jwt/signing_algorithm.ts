/**
 * The signature algorithms for private keys (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2).
 *
 * @module
 */

/** Names a signature algorithm for private keys. Here `Ed25519` and `EdDSA` are the same. */
export type PrivateKeyAlgorithm =
  | "RS256"
  | "RS384"
  | "RS512"
  | "PS256"
  | "PS384"
  | "PS512"
  | "ES256"
  | "ES384"
  | "ES512"
  | "EdDSA"
  | "Ed25519";

/** The key's type or curve, which decides how it can sign. `RSA-PSS` is an RSA key that signs by PSS only. */
export type KeyKind = "RSA" | "RSA-PSS" | "P-256" | "P-384" | "P-521" | "Ed25519";

/** An algorithm in Web Crypto's terms. */
export interface KeyParameters {
  readonly name: string;
  readonly hash?: string;
  readonly namedCurve?: string;
}

const algorithms: Readonly<Record<PrivateKeyAlgorithm, { kind: KeyKind; parameters: KeyParameters }>> = {
  RS256: { kind: "RSA", parameters: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" } },
  RS384: { kind: "RSA", parameters: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" } },
  RS512: { kind: "RSA", parameters: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" } },
  PS256: { kind: "RSA", parameters: { name: "RSA-PSS", hash: "SHA-256" } },
  PS384: { kind: "RSA", parameters: { name: "RSA-PSS", hash: "SHA-384" } },
  PS512: { kind: "RSA", parameters: { name: "RSA-PSS", hash: "SHA-512" } },
  ES256: { kind: "P-256", parameters: { name: "ECDSA", namedCurve: "P-256" } },
  ES384: { kind: "P-384", parameters: { name: "ECDSA", namedCurve: "P-384" } },
  ES512: { kind: "P-521", parameters: { name: "ECDSA", namedCurve: "P-521" } },
  EdDSA: { kind: "Ed25519", parameters: { name: "Ed25519" } },
  Ed25519: { kind: "Ed25519", parameters: { name: "Ed25519" } },
};

const names = Object.keys(algorithms) as PrivateKeyAlgorithm[];

/** Throws on an unknown algorithm. */
export function checkAlgorithm(alg: unknown): asserts alg is PrivateKeyAlgorithm | undefined {
  if (alg !== undefined && !names.includes(alg as PrivateKeyAlgorithm)) {
    throw new TypeError(`alg must be one of ${names.join(", ")}.`);
  }
}

/**
 * Chooses the algorithm: the one requested, else the key's own, else the only one for its type. For RSA there is no
 * default: a wrong guess would be a refused login. An Ed25519 key's own may be the name of RFC 9864, as runtimes write
 * it when they export a key; most servers know `EdDSA` only.
 */
export function chooseAlgorithm(
  kind: KeyKind,
  requested: PrivateKeyAlgorithm | undefined,
  keyAlg: PrivateKeyAlgorithm | undefined,
): PrivateKeyAlgorithm {
  const usable = names.filter((name) =>
    kind === "RSA-PSS" ? algorithms[name].parameters.name === kind : algorithms[name].kind === kind
  );
  const isOfOneName = kind !== "Ed25519";
  const alg = requested ?? (isOfOneName && keyAlg || (kind.startsWith("RSA") ? undefined : usable[0]));
  if (alg === undefined) {
    throw new TypeError(
      `An ${kind} key can sign by ${usable.join(", ")}: pass the one this client is registered with as alg.`,
    );
  }
  if (!usable.includes(alg)) {
    throw new TypeError(`This ${kind} key can't sign by ${alg}. Pass as alg: ${usable.join(" or ")}.`);
  }
  if (keyAlg !== undefined && keyAlg !== alg && isOfOneName) {
    throw new TypeError(`This key is for ${keyAlg}, and alg says ${alg}. Leave alg out, or use another key.`);
  }
  return alg;
}

/** Gives Web Crypto's parameters for an algorithm. */
export function getKeyParameters(alg: PrivateKeyAlgorithm): KeyParameters {
  return algorithms[alg].parameters;
}

/** Gives Web Crypto's parameters for a signature; `alg` may be `HS256` and the like, too. */
export function getSigningParameters(alg: string): KeyParameters & { hash: string; saltLength: number } {
  const bits = Number(alg.slice(2));
  const known = Object.hasOwn(algorithms, alg) ? getKeyParameters(alg as PrivateKeyAlgorithm) : { name: "HMAC" };
  // Ed25519 heeds neither.
  return { ...known, hash: `SHA-${bits}`, saltLength: bits / 8 };
}

/** Finds the algorithm that a `CryptoKey` is for, if it is a known one. */
export function findAlgorithm(key: CryptoKey): { alg: PrivateKeyAlgorithm; kind: KeyKind } | undefined {
  const { name, hash, namedCurve }: KeyAlgorithm & { hash?: KeyAlgorithm; namedCurve?: string } = key.algorithm;
  const alg = names.find((each) => {
    const wanted = getKeyParameters(each);
    return wanted.name === name && wanted.hash === hash?.name && wanted.namedCurve === namedCurve;
  });
  return alg && { alg, kind: algorithms[alg].kind };
}
