/**
 * A certificate authority, and the certificates it issues: as little of X.509 (RFC 5280) as every runtime takes. Each test
 * makes its own, so that no key is in the repository, and none expires there.
 *
 * @module
 */

import { encodeBase64 } from "@std/encoding/base64";
import { bits, bytes, explicit, flag, integer, list, object, set, text, time } from "./tls_der.ts";

/** A certificate and its private key, as PEM text. */
export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

/** A certificate's content. */
export interface CertificateOptions {
  /** The common name. */
  readonly subject: string;
  /** Default: none. */
  readonly organization?: string;
  /** Default: `server`. */
  readonly usage?: "server" | "client";
  /** Its DNS names. Default: none. */
  readonly hosts?: readonly string[];
  /** Its IPv4 addresses. Default: none. */
  readonly addresses?: readonly string[];
  /** Its URIs, such as a SPIFFE ID. Default: none. */
  readonly uris?: readonly string[];
  /** In milliseconds from now. Default: an hour. */
  readonly expiresIn?: number;
}

type Der = Uint8Array<ArrayBuffer>;

const encode = (text: string) => new TextEncoder().encode(text);

const curve = { name: "ECDSA", namedCurve: "P-256" } as const;
const ecdsaWithSha256 = list(object("1.2.840.10045.4.3.2"));
const usages = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;
const hour = 3_600_000;

/**
 * Creates an authority of this name; `pem` is its own certificate, which expires in so many milliseconds. With an `issuer`
 * it is an intermediate one.
 */
export async function certificateAuthority(name: string, expiresIn: number = hour, issuer?: Issuer) {
  const subject = distinguishedName(name);
  const { cert, keys } = await sign(subject, expiresIn, [
    extension("2.5.29.19", list(flag(true)), true), // basicConstraints: an authority
    extension("2.5.29.15", bits(new Uint8Array([0x06]), 1), true), // keyUsage: keyCertSign, cRLSign
  ], issuer);
  const own = { subject, keys };
  return { pem: cert, own, issue: (options: CertificateOptions) => certify(options, own) };
}

type Issuer = { subject: Der; keys: CryptoKeyPair };

/** Makes a certificate signed by its issuer, by default by its own key. */
export async function certify(options: CertificateOptions, issuer?: Issuer): Promise<KeyPair> {
  const { usage = "server", hosts = [], addresses = [], uris = [], expiresIn = hour } = options;
  const names = [
    ...hosts.map((host) => bytes(0x82, encode(host))),
    ...uris.map((uri) => bytes(0x86, encode(uri))),
    ...addresses.map((address) => bytes(0x87, new Uint8Array(address.split(".").map(Number)))),
  ];
  const extensions = [
    extension("2.5.29.19", list(), true), // basicConstraints: no authority
    extension("2.5.29.15", bits(new Uint8Array([0x80]), 7), true), // keyUsage: digitalSignature
    extension("2.5.29.37", list(object(usages[usage]))), // extKeyUsage
    ...names.length > 0 ? [extension("2.5.29.17", list(...names))] : [], // subjectAltName
  ];
  const subject = distinguishedName(options.subject, options.organization);
  const { cert, keys } = await sign(subject, expiresIn, extensions, issuer);
  return { cert, key: pem("PRIVATE KEY", new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey))) };
}

/** Makes keys and a certificate for them (RFC 5280 §4.1), by default signed by themselves. */
async function sign(subject: Der, expiresIn: number, extensions: readonly Der[], issuer?: Issuer) {
  const keys = await crypto.subtle.generateKey(curve, true, ["sign", "verify"]);
  const unsigned = list(
    explicit(0, integer(new Uint8Array([2]))), // version 3
    integer(crypto.getRandomValues(new Uint8Array(16))), // serial number
    ecdsaWithSha256,
    issuer?.subject ?? subject,
    // A day back: clocks differ, and an expired certificate was valid once.
    list(time(Date.now() - 24 * hour), time(Date.now() + expiresIn)),
    subject,
    new Uint8Array(await crypto.subtle.exportKey("spki", keys.publicKey)),
    explicit(3, list(...extensions)),
  );
  const { privateKey } = issuer?.keys ?? keys;
  const signature = new Uint8Array(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, unsigned));
  // Web Crypto concatenates r and s, X.509 has two integers (RFC 3279 §2.2.3).
  const der = list(integer(signature.slice(0, 32)), integer(signature.slice(32)));
  return { cert: pem("CERTIFICATE", list(unsigned, ecdsaWithSha256, bits(der))), keys };
}

function distinguishedName(commonName: string, organization?: string): Der {
  const parts = [["2.5.4.10", organization], ["2.5.4.3", commonName]] as const;
  return list(...parts.flatMap(([id, name]) => name === undefined ? [] : [set(list(object(id), text(name)))]));
}

const extension = (id: string, value: Der, critical = false): Der =>
  list(object(id), ...critical ? [flag(true)] : [], bytes(0x04, value));

function pem(label: string, content: Der): string {
  const lines = encodeBase64(content).replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
