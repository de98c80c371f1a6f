/** Private keys as programs have them. The portable suite reads the usual forms on every runtime. @module */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError, type ClientAuth, getToken } from "@m2m/authenticator";
import { type PrivateKey, privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { dpop } from "@m2m/authenticator/dpop";
import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { compactVerify, decodeProtectedHeader, exportJWK, importJWK } from "jose";
import { assertHides } from "../client_auth/showing.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const [es256, es512] = [await testKey("ES256"), await testKey("ES512")];
const [rs256, ed25519] = [await testKey("RS256"), await testKey("Ed25519")];
const secrets = [es256, rs256, ed25519].flatMap((key) => key.secrets);
const [ec, rsa] = [createPrivateKey(es256.pem), createPrivateKey(rs256.pem)];
const { pem, privateJwk: jwk } = es256;

const byKey = (key: unknown, alg?: string) => privateKeyJwt(key as PrivateKey, { alg: alg as "ES256" });

/** Sends a token request, and returns its assertion. */
async function send(clientAuth: ClientAuth): Promise<string> {
  const { url, fetch, requests } = tokenEndpointStub();
  await getToken(url, { clientId: "id", clientAuth, fetch });
  return requests[0]!.form.get("client_assertion")!;
}

type Format = "pkcs8" | "pkcs1" | "sec1";
function writePem(key: KeyObject, type: Format = "pkcs8", more: object = {}): string {
  return String(key.export({ type: type as "pkcs8", format: "pem", ...more }));
}
function writeDer(key: KeyObject, type: Format = "pkcs8", more: object = {}): Buffer {
  return key.export({ type: type as "pkcs8", format: "der", ...more });
}
/** A value of DER in hexadecimal. */
function value(tag: string, ...content: string[]): string {
  const size = content.join("").length / 2;
  const length = size.toString(16).padStart(size < 0x100 ? 2 : 4, "0");
  return tag + (size < 0x80 ? "" : size < 0x100 ? "81" : "82") + length + content.join("");
}
const sequence = (...content: string[]) => Buffer.from(value("30", ...content), "hex");
const lines = (text: string) => text.replace(/.{64}/g, "$&\n");
const wrap = (label: string, body = "b3Bl") => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

/** The RSA key as PEM of RSA-PSS, as OpenSSL writes it: with these parameters. */
function writePss(...parameters: string[]): string {
  const key = value("04", writeDer(rsa, "pkcs1").toString("hex"));
  const der = sequence("020100", value("30", "06092a864886f70d01010a", ...parameters), key);
  return wrap("PRIVATE KEY", lines(der.toString("base64")));
}
const hash = value("30", "0609608648016503040202", "0500");
const mask = value("30", "06092a864886f70d010108", hash);
const restriction = value("30", value("a0", hash), value("a1", mask), value("a2", "020130"));
const [pss, restricted] = [writePss(), writePss(restriction)];

const certificate = wrap("CERTIFICATE", "MIIB");
const buffer = (text: string) => Buffer.from(text);
const exactly = (bytes: Uint8Array) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
const forms: Readonly<Record<string, (key: { pem: string; der: Buffer; json: string }) => unknown>> = {
  "PEM of OpenSSL": ({ pem }) => pem,
  "PEM of Node": ({ pem }) => writePem(createPrivateKey(pem)),
  "PEM with CRLF": ({ pem }) => pem.replaceAll("\n", "\r\n"),
  "PEM with escaped line ends": ({ pem }) => pem.replaceAll("\n", "\\n"),
  "PEM with escaped CRLF": ({ pem }) => pem.replaceAll("\n", "\\r\\n"),
  "PEM escaped twice, with CRLF": ({ pem }) => pem.replaceAll("\n", "\\\\r\\\\n"),
  "PEM on a single line": ({ pem }) => pem.replaceAll("\n", ""),
  "PEM with indented lines of another length": ({ pem }) => pem.replaceAll("\n", "\n    ").replace(/.{40}/g, "$&\n\t"),
  "PEM with text around it": ({ pem }) => `Bag Attributes\n    friendlyName: key\n${pem}\nnothing follows - really\n`,
  "PEM with the certificate before it": ({ pem }) => certificate + pem,
  "PEM with the certificate after it": ({ pem }) => pem + certificate,
  "PEM without a line end": ({ pem }) => pem.trimEnd(),
  "PEM as a JSON string": ({ pem }) => JSON.stringify(pem),
  "PEM in base64": ({ pem }) => buffer(pem).toString("base64"),
  "a Buffer of PEM": ({ pem }) => buffer(pem),
  "a DataView of PEM": ({ pem }) => new DataView(exactly(buffer(pem)) as ArrayBuffer),
  "a Buffer of DER": ({ der }) => der,
  "an ArrayBuffer of DER": ({ der }) => exactly(der),
  "DER in base64": ({ der }) => der.toString("base64"),
  "DER in base64url": ({ der }) => der.toString("base64url"),
  "DER in lines of base64": ({ der }) => lines(der.toString("base64")),
  "DER in base64, as bytes": ({ der }) => buffer(der.toString("base64")),
  "a Buffer of a JWK": ({ json }) => buffer(json),
  "a JWK with a byte order mark": ({ json }) => buffer(`\ufeff${json}`),
  "a JWK in base64": ({ json }) => buffer(json).toString("base64"),
};
for (const [what, write] of Object.entries(forms)) {
  Deno.test(`privateKeyJwt: reads ${what}`, async () => {
    for (const { pem, privateJwk, alg, publicJwk } of [es256, await testKey("ES384"), es512, rs256, ed25519]) {
      const der = writeDer(createPrivateKey(pem));
      const assertion = await send(byKey(write({ pem, der, json: JSON.stringify(privateJwk) }), alg));
      assertEquals((await compactVerify(assertion, await importJWK(publicJwk, alg))).protectedHeader.alg, alg);
    }
  });
}

const [pkcs1, sec1] = [writeDer(rsa, "pkcs1"), writeDer(ec, "sec1")];
const [pkcs1Pem, sec1Pem] = [writePem(rsa, "pkcs1"), writePem(ec, "sec1")];
const other = (await testKey("ES256", "other")).privateJwk;
const set = [{ kty: "oct", k: "b3Bl" }, es256.publicJwk, { ...other, use: "enc" }, jwk];
const { n, e, d } = rs256.privateJwk;
const traditional: Readonly<Record<string, readonly [key: unknown, alg: "RS256" | "ES256", kid?: string]>> = {
  "PKCS#1": [pkcs1Pem, "RS256"],
  "a Buffer of PKCS#1": [pkcs1, "RS256"],
  "PKCS#1 in base64": [pkcs1.toString("base64"), "RS256"],
  "PKCS#1 on one line, with blanks": [pkcs1Pem.replaceAll("\n", " "), "RS256"],
  "SEC1": [sec1Pem, "ES256"],
  "SEC1 after its parameters, with escaped CRLF": [
    (wrap("EC PARAMETERS") + sec1Pem).replaceAll("\n", "\\r\\n"),
    "ES256",
  ],
  "a Buffer of SEC1": [sec1, "ES256"],
  "a service account's PKCS#1": [{ private_key: pkcs1Pem }, "RS256"],
  "a JWK set with one private key": [{ keys: set }, "ES256"],
  "a JWK set as text": [JSON.stringify({ keys: set }), "ES256"],
  "a list of JWKs, by kid": [[other, jwk].map((key, i) => ({ ...key, kid: `${i}` })), "ES256", "1"],
  "a JWK of RSA with d only": [{ kty: "RSA", n, e, d }, "RS256"],
  "a JWK of RSA without dp": [{ ...rs256.privateJwk, dp: undefined }, "RS256"],
};
for (const [what, [key, alg, kid]] of Object.entries(traditional)) {
  Deno.test(`privateKeyJwt: reads ${what}`, async () => {
    const assertion = await send(privateKeyJwt(key as PrivateKey, { alg, kid }));
    assertEquals(
      (await compactVerify(assertion, await importJWK((await testKey(alg)).publicJwk, alg))).protectedHeader.alg,
      alg,
    );
  });
}

const encryption = { cipher: "aes-256-cbc", passphrase: "secret phrase" };
const encrypted = writeDer(ec, "pkcs8", encryption);
const { passphrase } = encryption;

Deno.test("privateKeyJwt, signedAssertion: decrypt a key by its passphrase, once, and say that it is wrong", async (t) => {
  const encryptedPem = writePem(ec, "pkcs8", encryption);
  const lookUp = { key: encryptedPem, kid: "1" };
  const sources = { "PEM": encryptedPem, "DER": encrypted, "a look-up": () => Promise.resolve(lookUp), "plain": pem };
  for (const [what, key] of Object.entries(sources)) {
    await t.step(what, async () => {
      const clientAuth = privateKeyJwt(key, { passphrase });
      const began = performance.now();
      for (let i = 0; i < 20; i++) {
        await compactVerify(await send(clientAuth), await importJWK(es256.publicJwk, "ES256"));
      }
      // 20 derivations take longer than a second.
      assert(performance.now() - began < 1_000);
      if (what === "plain") return;
      const wrong = privateKeyJwt(key, { passphrase: "another phrase" });
      const error = await assertRejects(() => send(wrong), AuthenticationError, "check the passphrase");
      assertHides(error, [...secrets, "another phrase"]);
    });
  }
  const unknown = Buffer.from(encrypted.toString("hex").replace(/(2a864886f70d02)../, "$1ff"), "hex");
  for (const key of [unknown, wrap("ENCRYPTED PRIVATE KEY", unknown.toString("base64"))]) {
    assertThrows(() => privateKeyJwt(key, { passphrase }), TypeError, "openssl pkcs8 -topk8 -v2 aes-256-cbc");
  }
  for (const wrong of ["", 7]) {
    assertThrows(() => privateKeyJwt(pem, { passphrase: wrong as "" }), TypeError, "passphrase");
  }
});

const account = {
  type: "service_account",
  private_key_id: "0123",
  private_key: rs256.pem,
  client_email: "robot@example.iam.gserviceaccount.com",
};
const edJwk = { ...ed25519.privateJwk, kid: "1", alg: "EdDSA" };
/** The key, the header it signs with, and the algorithm that is requested. */
const own: readonly [what: string, key: unknown, header: { alg: string; kid?: string | undefined }, alg?: string][] = [
  ["RSA-PSS with an alg", pss, { alg: "PS512" }, "PS512"],
  ["RSA-PSS that is restricted to SHA-384", restricted, { alg: "PS384" }],
  ["a service account", account, { alg: "RS256", kid: "0123" }],
  ["a service account as text", JSON.stringify(account, null, 2), { alg: "RS256", kid: "0123" }],
  ["a service account under another kid", { key: account, kid: "own" }, { alg: "RS256", kid: "own" }],
  ["an RSA JWK of alg PS384", { ...rs256.privateJwk, kid: "1", alg: "PS384" }, { alg: "PS384", kid: "1" }],
  ["an RSA CryptoKey", rs256.cryptoKey, { alg: "RS256" }],
  ["a P-521 PEM", es512.pem, { alg: "ES512" }],
  ["an Ed25519 PEM", ed25519.pem, { alg: "EdDSA" }],
  ["an Ed25519 key that is to sign as Ed25519", { key: ed25519.pem, alg: "Ed25519" }, { alg: "Ed25519" }],
  ["an Ed25519 JWK of alg EdDSA", edJwk, { alg: "Ed25519", kid: "1" }, "Ed25519"],
];
for (const [what, key, header, alg] of own) {
  Deno.test(`privateKeyJwt: ${what} signs by ${header.alg}`, async () => {
    assertEquals<unknown>(decodeProtectedHeader(await send(byKey(key, alg))), header);
  });
}

Deno.test("signedAssertion: reads a service account, and signs by EdDSA with Ed25519", async () => {
  const request = {
    ...{ tokenEndpoint: new URL("https://auth.test/"), issuer: undefined, clientId: "a", headers: new Headers() },
    ...{ body: new URLSearchParams(), signal: AbortSignal.abort(), redact() {} },
  };
  for (const [key, header] of [[account, { alg: "RS256", kid: "0123" }], [ed25519.pem, { alg: "EdDSA" }]] as const) {
    const assertion = await signedAssertion(key, { iss: "a", audience: "b" })(request);
    assertEquals<unknown>(decodeProtectedHeader(assertion), header);
  }
});

Deno.test("dpop: proofs of an Ed25519 pair are of EdDSA, unless Ed25519 is requested, and show no alg of the JWK", async () => {
  const keyPair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
  const target = { method: "GET", url: "https://api.test/" };
  for (const [alg, expected] of [[undefined, "EdDSA"], ["EdDSA", "EdDSA"], ["Ed25519", "Ed25519"]] as const) {
    const header = decodeProtectedHeader(await dpop({ keyPair, alg }).proof(target));
    assertEquals([header.alg, header.jwk], [expected, await exportJWK(keyPair.publicKey)]);
  }
});

const spki = createPublicKey(ec).export({ type: "spki", format: "der" });
const publicPkcs1 = createPublicKey(rsa).export({ type: "pkcs1", format: "der" });
const pkcs12 = sequence("020103", value("30", "06092a864886f70d010701"));
const certificateDer = sequence(value("30", "a003020102"), value("30", "06032a0304"), "030100");
const der = writeDer(rsa);
const hmac = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
const ecdh = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);

const unusable: readonly [what: string, key: unknown, message: RegExp, alg?: string][] = [
  ["encrypted PKCS#8", writePem(ec, "pkcs8", encryption), /is encrypted: pass its passphrase.*openssl pkcs8 -topk8/],
  ["encrypted PKCS#8 as bytes", buffer(writePem(ec, "pkcs8", encryption)), /is encrypted/],
  ["encrypted PKCS#1", pkcs1Pem.replace("KEY-----\n", "$&Proc-Type: 4,ENCRYPTED\n\n"), /is encrypted.*openssl pkcs8/],
  ["encrypted DER", encrypted, /is encrypted.*`openssl pkcs8 -topk8 .*-inform DER/],
  ["encrypted DER in base64", encrypted.toString("base64"), /is encrypted/],
  ["PKCS#12", pkcs12, /is PKCS#12.*`openssl pkcs12 -in key.p12 -nocerts -nodes/],
  ["PKCS#12 in base64", pkcs12.toString("base64"), /is PKCS#12/],
  ["an OpenSSH key", wrap("OPENSSH PRIVATE KEY"), /ssh-keygen -p -m PKCS8/],
  ["a public PEM", pem.replaceAll("PRIVATE", "PUBLIC"), /is a public key/],
  ["a public key in DER", spki, /is a public key/],
  ["a public key of PKCS#1", publicPkcs1, /is a public key/],
  ["a public key in base64", spki.toString("base64"), /is a public key/],
  ["a public JWK", es256.publicJwk, /is a public key/],
  ["a public CryptoKey", await importJWK(es256.publicJwk, "ES256"), /is a public key/],
  ["a certificate", certificate, /is a certificate/],
  ["a certificate in DER", certificateDer, /is a certificate/],
  ["a JWK set of two", { keys: [jwk, other] }, /2 private keys for signatures: pass kid/],
  ["a JWK set of none", { keys: [es256.publicJwk] }, /no private keys for signatures/],
  ["no JWK set", { keys: "no" }, /no private keys/],
  ["a JWK of three primes", { ...rs256.privateJwk, oth: [] }, /more than two primes/],
  ["PKCS#1 of three primes", sequence("020101", ...Array(8).fill("020103"), value("30")), /unsupported type/],
  ["SEC1 without its curve", sequence("020101", "040101"), /lacks its curve/],
  ["a truncated PEM", pem.slice(0, 150), /is cut off/],
  ["truncated PKCS#1", pkcs1Pem.slice(0, 150), /is cut off/],
  ["damaged base64", pem.replace(/\n../, "\n*!"), /is damaged/],
  ["damaged DER", pem.replace(/\n../, "\nAA"), /is damaged/],
  ["half a DER", pem.replace(/\n(.{24})[^-]+/, "\n$1\n"), /is damaged/],
  ["cut off DER", der.subarray(0, 500), /is damaged/],
  ["cut off DER in base64", der.subarray(0, 500).toString("base64"), /neither PEM nor JSON, nor DER/],
  ["DER that was read as text", new TextDecoder().decode(der), /bytes that were read as text/],
  ["other DER", sequence("0401000500"), /neither PEM nor JSON, nor DER/],
  ["no bytes", new Uint8Array(), /neither PEM nor JSON, nor DER/],
  ["bytes of zeros", new Uint8Array(100), /neither PEM nor JSON, nor DER/],
  ["a line of base64", pem.split("\n")[1], /neither PEM nor JSON/],
  ["an empty text", "", /neither PEM nor JSON/],
  ["X25519", wrap("PRIVATE KEY", `MC4CAQAwBQYDK2VuBCIEINAA${"A".repeat(40)}`), /unsupported type/],
  ["a path", "/run/secrets/key", /path of a file/],
  ["a relative path", "../key.pem", /path of a file/],
  ["a file's name", "my key.p12\n", /path of a file/],
  ["a path of Windows", "C:\\keys\\key", /path of a file/],
  ["a file URL", "file:///run/secrets/key", /path of a file/],
  ["a file URL as object", new URL("file:///run/secrets/key"), /path of a file/],
  ["a service account without a key", { ...account, private_key: undefined }, /neither PEM nor JSON/],
  ["invalid JSON", `{"d":"${jwk.d}", kty`, /isn't JSON/],
  ["a shared secret", { kty: "oct", k: jwk.d }, /clientSecretJwt/],
  ["a JWK of an unknown type", { kty: "AKP", priv: jwk.d }, /kty must be/],
  ["a JWK of the type constructor", { kty: "constructor", d: jwk.d }, /kty must be/],
  ["a JWK on another curve", { ...jwk, crv: "secp256k1" }, /crv must be P-256, P-384, P-521/],
  ["a JWK of X25519", { ...ed25519.privateJwk, crv: "X25519" }, /crv must be Ed25519/],
  ["a JWK without its public half", { ...jwk, y: undefined }, /lacks y/],
  ["a JWK for encryption", { ...jwk, use: "enc" }, /not for signing/],
  ["a JWK for other operations", { ...jwk, key_ops: ["verify"] }, /not for signing/],
  ["a JWK for an unknown alg", { ...jwk, alg: "ES256K" }, /The JWK's alg/],
  ["a secret CryptoKey", hmac, /use clientSecretJwt/],
  ["a CryptoKey that can't sign", ecdh.privateKey, /can't sign/],
  ["a key pair", { publicKey: 1, privateKey: es256.cryptoKey }, /of a CryptoKeyPair: its privateKey/],
  ["a KeyObject of Node", ec, /must be PEM text/],
  ...[undefined, null, 7].map((key): typeof unusable[0] => [String(key), key, /must be PEM text/]),
  ["a PEM of RSA without alg", rs256.pem, /RS256, RS384, RS512, PS256, PS384, PS512.* registered with/],
  ["a JWK of RSA without alg", rs256.privateJwk, /RS256, RS384, RS512, PS256, PS384, PS512/],
  ["RSA-PSS without alg", pss, /An RSA-PSS key can sign by PS256, PS384, PS512/],
  ["RSA-PSS", pss, /Pass as alg: PS256 or/, "RS256"],
  ["RSA-PSS that is restricted to SHA-384", restricted, /is for PS384/, "PS256"],
  ["a P-256 key", pem, /Pass as alg: ES256\./, "ES384"],
  ["a P-521 key", es512.privateJwk, /Pass as alg: ES512\./, "ES256"],
  ["an RSA key", rs256.pem, /Pass as alg: RS256 or RS384/, "ES256"],
  ["an Ed25519 key", ed25519.pem, /Pass as alg: EdDSA or Ed25519\./, "RS256"],
  ["a CryptoKey for RS256", rs256.cryptoKey, /is for RS256/, "RS512"],
  ["a CryptoKey for RS256", rs256.cryptoKey, /is for RS256/, "PS256"],
  ["a JWK for PS256", { ...rs256.privateJwk, alg: "PS256" }, /is for PS256/, "RS256"],
  ["a JWK on P-256 for RS256", { ...jwk, alg: "RS256" }, /is for RS256/, "ES256"],
  ["any key", pem, /alg must be one of RS256/, "HS256"],
  ["any key", pem, /alg must be one of RS256/, "none"],
];
for (const [what, key, message, alg] of unusable) {
  Deno.test(`privateKeyJwt: refuses ${what}${alg ? ` with alg ${alg}` : ""}, and doesn't show it`, async () => {
    const error = assertThrows(() => byKey(key, alg), TypeError);
    const lookUp = byKey(() => alg === undefined ? key : { key, alg });
    const later = await assertRejects(() => send(lookUp), AuthenticationError);
    assertEquals([later.code, later.retryable, later.cause], ["client_auth_unavailable", false, undefined]);
    for (const each of [error, later]) {
      assertMatch(each.message, message);
      assertHides(each, secrets);
    }
  });
}

const zeros = pem.replace(/(\n.{44})[^-]{120}/, (all, start) => start + "A".repeat(all.length - start.length));
const weak = writePem(generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey);
const rsaJwk = { ...rs256.privateJwk, alg: "RS256" };
const bad: readonly [what: string, message: string, ...Parameters<typeof privateKeyJwt>][] = [
  ["a damaged JWK", "is damaged", { ...jwk, d: `${jwk.d}!` }],
  ["n, e and d that don't match", "is damaged", {
    kty: "RSA",
    alg: "RS256",
    n: n!,
    e: e!,
    d: d!.replace(/.{4}$/, "AAAA"),
  }],
  ["another d of RSA", "The key doesn't sign", { ...rsaJwk, d: rsaJwk.d!.replace(/.{4}$/, "AAAA") }],
  ["a damaged JWK of RSA", "is damaged", { ...rsaJwk, d: `${rsaJwk.d}!` }],
  ["a key of zeros", "is damaged", () => zeros],
  ["a weak RSA key", "1024 bits", { key: weak, alg: "RS256" }],
  ["an unknown crit", "header", pem, { header: { crit: ["unknown"], unknown: 1 } }],
  ["b64", "header", pem, { header: { b64: false, crit: ["b64"] } }],
  ["a header that isn't JSON", "header", pem, { header: { n: 1n } }],
];
for (const [what, message, ...args] of bad) {
  Deno.test(`privateKeyJwt: fails to sign with ${what}, and doesn't show the key`, async () => {
    const error = await assertRejects(() => send(privateKeyJwt(...args)), AuthenticationError, message);
    assertEquals([error.code, error.cause], ["client_auth_unavailable", undefined]);
    assertHides(error, secrets);
  });
}

Deno.test("privateKeyJwt: its value doesn't show the key; a look-up's alg is checked at once", () => {
  for (const key of [pem, jwk, es256.cryptoKey]) {
    for (const each of [key, () => key]) assertHides(privateKeyJwt(each), secrets);
  }
  assertThrows(() => byKey(() => pem, "rs256"), TypeError, "alg must be one of RS256");
});

Deno.test("privateKeyJwt: copies key, bytes and options", async () => {
  const [key, bytes, options] = [{ ...jwk }, new Uint8Array(writeDer(ec)), { kid: "first" }];
  const copying = [privateKeyJwt(key, options), privateKeyJwt(bytes, options)];
  Object.assign(key, { d: "AAAA" });
  bytes.fill(0);
  options.kid = "second";

  for (const clientAuth of copying) {
    const verified = await compactVerify(await send(clientAuth), await importJWK(es256.publicJwk, "ES256"));
    assertEquals(verified.protectedHeader.kid, "first");
  }
});
