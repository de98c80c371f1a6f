/**
 * A certificate authority of the test's own, and the certificates it issues: as little of X.509 (RFC 5280) as every
 * runtime takes, made when they are needed, so that no key lies in the repository and none expires there.
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

/** What a certificate says. */
export interface CertificateOptions {
  /** Whose it is (the common name). */
  readonly subject: string;
  /** The organization it belongs to. Default: none is named. */
  readonly organization?: string;
  /** What it is for. Default: a server. */
  readonly usage?: "server" | "client";
  /** Its DNS names. Default: none. */
  readonly hosts?: readonly string[];
  /** Its IPv4 addresses. Default: none. */
  readonly addresses?: readonly string[];
  /** Its URIs, such as a SPIFFE ID. Default: none. */
  readonly uris?: readonly string[];
  /** When it ends, in milliseconds from now. Default: in an hour. */
  readonly expiresIn?: number;
}

/** Issues certificates. */
export interface CertificateAuthority {
  /** Its own certificate, as PEM text: whoever has it trusts what was issued. */
  readonly pem: string;
  issue(options: CertificateOptions): Promise<KeyPair>;
}

type Der = Uint8Array<ArrayBuffer>;

const curve = { name: "ECDSA", namedCurve: "P-256" } as const;
const ecdsaWithSha256 = list(object("1.2.840.10045.4.3.2"));
const usages = { server: "1.3.6.1.5.5.7.3.1", client: "1.3.6.1.5.5.7.3.2" } as const;
const hour = 3_600_000;

/** Starts an authority of this name. */
export async function certificateAuthority(name: string): Promise<CertificateAuthority> {
  const keys = await newKeys();
  const own = { subject: distinguishedName(name), keys };
  const extensions = [
    extension("2.5.29.19", list(flag(true)), true), // basicConstraints: an authority
    extension("2.5.29.15", bits(new Uint8Array([0x06]), 1), true), // keyUsage: keyCertSign, cRLSign
  ];
  const publicKey = await exported("spki", keys.publicKey);
  return {
    pem: await sign({ subject: own.subject, publicKey, extensions, notAfter: Date.now() + hour }, own),
    issue: (options) => certify(options, own),
  };
}

/** A certificate that nobody vouches for but its own key. */
export function selfSignedCertificate(options: CertificateOptions): Promise<KeyPair> {
  return certify(options);
}

/** Who signs. */
interface Issuer {
  readonly subject: Der;
  readonly keys: CryptoKeyPair;
}

async function certify(options: CertificateOptions, issuer?: Issuer): Promise<KeyPair> {
  const { usage = "server", hosts = [], addresses = [], uris = [], expiresIn = hour } = options;
  const keys = await newKeys();
  const subject = distinguishedName(options.subject, options.organization);
  const names = [
    ...hosts.map((host) => bytes(0x82, new TextEncoder().encode(host))),
    ...uris.map((uri) => bytes(0x86, new TextEncoder().encode(uri))),
    ...addresses.map((address) => bytes(0x87, new Uint8Array(address.split(".").map(Number)))),
  ];
  const extensions = [
    extension("2.5.29.19", list(), true), // basicConstraints: no authority
    extension("2.5.29.15", bits(new Uint8Array([0x80]), 7), true), // keyUsage: digitalSignature
    extension("2.5.29.37", list(object(usages[usage]))), // extKeyUsage
    ...names.length > 0 ? [extension("2.5.29.17", list(...names))] : [], // subjectAltName
  ];
  const publicKey = await exported("spki", keys.publicKey);
  const unsigned = { subject, publicKey, extensions, notAfter: Date.now() + expiresIn };
  return {
    cert: await sign(unsigned, issuer ?? { subject, keys }),
    key: pem("PRIVATE KEY", await exported("pkcs8", keys.privateKey)),
  };
}

async function sign(certificate: Unsigned, { subject, keys }: Issuer): Promise<string> {
  const unsigned = write(certificate, subject);
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, keys.privateKey, unsigned);
  return pem("CERTIFICATE", list(unsigned, ecdsaWithSha256, bits(derSignature(new Uint8Array(signature)))));
}

interface Unsigned {
  readonly subject: Der;
  readonly publicKey: Der;
  readonly extensions: readonly Der[];
  readonly notAfter: number;
}

/** RFC 5280 §4.1: TBSCertificate. */
function write({ subject, publicKey, extensions, notAfter }: Unsigned, issuer: Der): Der {
  const serial = crypto.getRandomValues(new Uint8Array(16));
  return list(
    explicit(0, integer(new Uint8Array([2]))), // version 3
    integer(serial),
    ecdsaWithSha256,
    issuer,
    // A day back: clocks differ, and an expired certificate was good once.
    list(time(Date.now() - 24 * hour), time(notAfter)),
    subject,
    publicKey,
    explicit(3, list(...extensions)),
  );
}

function distinguishedName(commonName: string, organization?: string): Der {
  return list(
    ...organization === undefined ? [] : [set(list(object("2.5.4.10"), text(organization)))],
    set(list(object("2.5.4.3"), text(commonName))),
  );
}

function extension(id: string, value: Der, critical = false): Der {
  return list(object(id), ...critical ? [flag(true)] : [], bytes(0x04, value));
}

/** Web Crypto gives r and s one behind the other, X.509 wants two integers (RFC 3279 §2.2.3). */
function derSignature(signature: Der): Der {
  return list(integer(signature.slice(0, 32)), integer(signature.slice(32)));
}

function newKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(curve, true, ["sign", "verify"]);
}

async function exported(format: "spki" | "pkcs8", key: CryptoKey): Promise<Der> {
  return new Uint8Array(await crypto.subtle.exportKey(format, key));
}

function pem(label: string, content: Der): string {
  const lines = encodeBase64(content).replace(/.{64}/g, "$&\n").trimEnd();
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
