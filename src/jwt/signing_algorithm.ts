/**
 * The algorithms a private key signs an assertion by (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2).
 *
 * @module
 */

/** A signature algorithm for private keys, by its JOSE name. `Ed25519` is the newer name of what `EdDSA` does here. */
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

/** What a private key is, as far as that decides how it can sign. */
export type KeyKind = "RSA" | "P-256" | "P-384" | "P-521" | "Ed25519";

/** An algorithm as Web Crypto knows it. */
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

/** Refuses a name that isn't one, before a key is looked at. */
export function checkAlgorithm(alg: unknown): asserts alg is PrivateKeyAlgorithm | undefined {
  if (alg !== undefined && !names.includes(alg as PrivateKeyAlgorithm)) {
    throw new TypeError(`alg must be one of ${names.join(", ")}.`);
  }
}

/**
 * The algorithm a key of this kind signs by: the one wished for, else the one the key names, else the only one there
 * is. An RSA key can sign by six, and which one a server expects is nothing to guess: a refused login may count.
 */
export function chooseAlgorithm(
  kind: KeyKind,
  wished: PrivateKeyAlgorithm | undefined,
  ofKey: PrivateKeyAlgorithm | undefined,
): PrivateKeyAlgorithm {
  const possible = names.filter((name) => algorithms[name].kind === kind);
  const alg = wished ?? ofKey ?? (kind === "RSA" ? undefined : possible[0]);
  if (alg === undefined) {
    throw new TypeError(
      `An RSA key can sign by ${possible.join(", ")}: pass the one this client is registered with as alg.`,
    );
  }
  if (!possible.includes(alg)) {
    throw new TypeError(`This ${kind} key can't sign by ${alg}. Pass as alg: ${possible.join(" or ")}.`);
  }
  if (ofKey !== undefined && ofKey !== alg && kind !== "Ed25519") {
    throw new TypeError(`This key is for ${ofKey}, and alg says ${alg}. Leave alg out, or use another key.`);
  }
  return alg;
}

/** How Web Crypto is told about a key for this algorithm. */
export function parametersOf(alg: PrivateKeyAlgorithm): KeyParameters {
  return algorithms[alg].parameters;
}

/** The algorithm a key of Web Crypto's is bound to, if it is one of these. */
export function algorithmOf(key: CryptoKey): { alg: PrivateKeyAlgorithm; kind: KeyKind } | undefined {
  const { name, hash, namedCurve }: KeyAlgorithm & { hash?: KeyAlgorithm; namedCurve?: string } = key.algorithm;
  const alg = names.find((each) => {
    const wanted = parametersOf(each);
    return wanted.name === name && wanted.hash === hash?.name && wanted.namedCurve === namedCurve;
  });
  return alg && { alg, kind: algorithms[alg].kind };
}
