/**
 * An encrypted PKCS#8 key: PBES2 with PBKDF2 and AES-CBC (RFC 8018 §6.2), as OpenSSL and Node write it.
 *
 * @module
 */

import { type DerValue, readDer, toHex } from "./der.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const pbes2 = "2a864886f70d01050d";
const pbkdf2 = "2a864886f70d01050c";
/** The pseudorandom functions (RFC 8018 §B.1); without one it is HMAC with SHA-1. */
const hashes: Readonly<Record<string, string>> = {
  "2a864886f70d0207": "SHA-1",
  "2a864886f70d0209": "SHA-256",
  "2a864886f70d020a": "SHA-384",
  "2a864886f70d020b": "SHA-512",
};
/** AES in CBC mode, by the key's length in bits. */
const ciphers: Readonly<Record<string, number>> = {
  "60864801650304012a": 256,
  "608648016503040116": 192,
  "608648016503040102": 128,
};
/** More iterations would take many seconds. */
const mostIterations = 10_000_000;

/** An encrypted key, read. Rejects with a `TypeError` if the passphrase is wrong. */
export type Decrypt = (passphrase: string) => Promise<Bytes>;

const unsupported =
  "is encrypted in another way than PBES2 with PBKDF2 of 10,000,000 iterations at most and AES: convert it with " +
  "`openssl pkcs8 -topk8 -v2 aes-256-cbc -in key.pem -out pkcs8.pem`.";

/** Reads an encrypted key. Throws a `TypeError` if it is encrypted in another way. */
export function readEncryptedKey(der: Bytes): Decrypt {
  try {
    const [scheme, encrypted] = read(read(der)[0]);
    const [name, parameters] = read(scheme);
    const [derivation, cipher] = read(parameters);
    const [derivationName, derivationParameters] = read(derivation);
    const [cipherName, iv] = read(cipher);
    const [salt, iterations, ...more] = read(derivationParameters);
    const length = ciphers[toHex(cipherName!.content)]!;
    const prf = more.find(({ tag }) => tag === 0x30);
    const hash = prf ? hashes[toHex(read(prf)[0]!.content)]! : "SHA-1";
    const count = parseInt(toHex(iterations!.content), 16);
    const isKnown = toHex(name!.content) === pbes2 && toHex(derivationName!.content) === pbkdf2 && length && hash;
    if (!isKnown || count > mostIterations) throw new RangeError("unknown");
    const keyed = { name: "PBKDF2", salt: salt!.content.slice(), iterations: count, hash };
    return (passphrase) => decrypt(encrypted!.content.slice(), passphrase, keyed, { length, iv: iv!.content.slice() });
  } catch {
    throw new TypeError(`The private key ${unsupported}`);
  }
}

async function decrypt(
  encrypted: Bytes,
  passphrase: string,
  derivation: Pbkdf2Params,
  { length, iv }: { length: number; iv: Bytes },
): Promise<Bytes> {
  const { subtle } = crypto;
  const derive = async () => {
    const secret = await subtle.importKey("raw", new TextEncoder().encode(passphrase), "PBKDF2", false, ["deriveKey"]);
    return await subtle.deriveKey(derivation, secret, { name: "AES-CBC", length }, false, ["decrypt"]);
  };
  const key = await derive().catch(() => {
    throw new TypeError(
      `The private key can't be decrypted: this runtime doesn't derive a key by ${derivation.iterations} iterations. ` +
        "Encrypt it again with `openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 100000`.",
    );
  });
  try {
    const der = new Uint8Array(await subtle.decrypt({ name: "AES-CBC", iv }, key, encrypted));
    // A wrong passphrase may leave a valid padding by chance.
    if (der[0] === 0x30) return der;
  } catch {
    // The runtime's error could show the passphrase.
  }
  throw new TypeError("The private key can't be decrypted: check the passphrase.");
}

function read(value: DerValue | Bytes | undefined): DerValue[] {
  return [...readDer(value instanceof Uint8Array ? value : value!.content)];
}
