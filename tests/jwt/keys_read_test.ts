import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError, getToken } from "@m2m/authenticator";
import {
  type PrivateKey,
  type PrivateKeyAlgorithm,
  privateKeyJwt,
} from "@m2m/authenticator/client-auth/private-key-jwt";
import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { dpop } from "@m2m/authenticator/dpop";
import { Buffer } from "node:buffer";
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { compactVerify, decodeProtectedHeader, exportJWK, importJWK, type JWK } from "jose";
import { assertHides } from "../client_auth/showing.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

/** Sends a token request, and returns its assertion. */
async function sign(key: unknown, alg?: PrivateKeyAlgorithm): Promise<string> {
  const { url, fetch, requests } = tokenEndpointStub();
  await getToken(url, { clientId: "id", clientAuth: privateKeyJwt(key as PrivateKey, { alg }), fetch });
  return requests[0]!.form.get("client_assertion")!;
}

const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ed25519 = await testKey("Ed25519");

const lines = (text: string) => text.replace(/.{64}/g, "$&\n");
type Format = "pkcs8" | "pkcs1" | "sec1";
function writePem(key: KeyObject, type: Format = "pkcs8"): string {
  return String(key.export({ type: type as "pkcs8", format: "pem" }));
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
const hash = value("30", "0609608648016503040202", "0500");
const restriction = value(
  "30",
  value("a0", hash),
  value("a1", value("30", "06092a864886f70d010108", hash)),
  value("a2", "020130"),
);
/** The same RSA key as one of RSA-PSS, as OpenSSL writes it: with no parameters, or for SHA-384 only. */
function pssDer(parameters = ""): Buffer {
  const key = value("04", writeDer(rsa.privateKey, "pkcs1").toString("hex"));
  return Buffer.from(value("30", "020100", value("30", "06092a864886f70d01010a", parameters), key), "hex");
}
function wrapPem(der: Buffer, label = "PRIVATE KEY"): string {
  return `-----BEGIN ${label}-----\n${lines(der.toString("base64"))}\n-----END ${label}-----\n`;
}

const pem = writePem(ec.privateKey);
const der = writeDer(ec.privateKey);
const jwk = ec.privateKey.export({ format: "jwk" });
const account = {
  type: "service_account",
  private_key_id: "0123",
  private_key: writePem(rsa.privateKey),
  client_email: "robot@example.iam.gserviceaccount.com",
};
const exactly = (bytes: Uint8Array) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
/** An Ed25519 key with its public key beside it (RFC 5958), as ring and others write it. */
const withPublicKey = Buffer.concat([
  Buffer.from("3051020101300506032b657004220420", "hex"),
  Buffer.from(ed25519.privateJwk.d!, "base64url"),
  Buffer.from("812100", "hex"),
  Buffer.from(ed25519.publicJwk.x!, "base64url"),
]);

const readable: Readonly<Record<string, readonly [key: unknown, alg: string, publicKey: JWK, kid?: string]>> = {};
const add = (what: string, key: unknown, alg: string, pair: { publicKey: KeyObject }, kid?: string) => {
  Object.assign(readable, { [what]: [key, alg, pair.publicKey.export({ format: "jwk" }) as JWK, kid] });
};
add("RSA-PSS", wrapPem(pssDer()), "PS256", rsa);
add("RSA-PSS with another alg", wrapPem(pssDer()), "PS512", rsa);
add("RSA-PSS as bytes", pssDer(), "PS256", rsa);
add("a Buffer of PEM", Buffer.from(pem), "ES256", ec);
add("a Buffer of a JWK", Buffer.from(JSON.stringify(jwk)), "ES256", ec);
add("a Buffer of DER", der, "ES256", ec);
add("a Uint8Array of PEM", new TextEncoder().encode(pem), "ES256", ec);
add("a DataView of PEM", new DataView(exactly(Buffer.from(pem)) as ArrayBuffer), "ES256", ec);
add("an ArrayBuffer of DER", exactly(der), "ES256", ec);
add("bytes with a byte order mark", Buffer.from(`\ufeff${JSON.stringify(jwk)}`), "ES256", ec);
add("DER of RSA", writeDer(rsa.privateKey), "RS256", rsa);
add("DER in base64", der.toString("base64"), "ES256", ec);
add("DER in base64url", der.toString("base64url"), "ES256", ec);
add("DER in lines of base64", lines(der.toString("base64")), "ES256", ec);
add("DER in base64, as bytes", Buffer.from(der.toString("base64")), "ES256", ec);
add("DER of RSA in base64", writeDer(rsa.privateKey).toString("base64"), "PS256", rsa);
add("PEM in base64", Buffer.from(pem).toString("base64"), "ES256", ec);
add("a JWK in base64", Buffer.from(JSON.stringify(jwk)).toString("base64"), "ES256", ec);
add("PEM escaped twice", pem.replaceAll("\n", "\\\\n"), "ES256", ec);
add("PEM escaped twice, with CRLF", pem.replaceAll("\n", "\\\\r\\\\n"), "ES256", ec);
add("PEM as a JSON string", JSON.stringify(pem), "ES256", ec);
add("a service account", account, "RS256", rsa, "0123");
add("a service account as text", JSON.stringify(account, null, 2), "RS256", rsa, "0123");
add("a service account as bytes", Buffer.from(JSON.stringify(account)), "RS256", rsa, "0123");
add("a service account under another kid", { key: account, kid: "own" }, "RS256", rsa, "own");
Object.assign(readable, {
  "Ed25519 with its public key": [withPublicKey, "EdDSA", ed25519.publicJwk],
});
for (const [what, [key, alg, publicKey, kid]] of Object.entries(readable)) {
  Deno.test(`privateKeyJwt: reads ${what}`, async () => {
    const assertion = await sign(key, alg as "ES256");

    const { protectedHeader } = await compactVerify(assertion, await importJWK(publicKey, alg));
    assertEquals(protectedHeader, { alg, ...kid !== undefined && { kid } });
  });
}

/** The key, and the algorithm it signs by where none is requested. */
const own: Readonly<Record<string, readonly [key: unknown, alg: string]>> = {
  "RSA-PSS that is restricted to SHA-384": [wrapPem(pssDer(restriction)), "PS384"],
  "a service account": [account, "RS256"],
  "an Ed25519 JWK of alg Ed25519": [{ ...ed25519.privateJwk, alg: "Ed25519" }, "EdDSA"],
  "an Ed25519 JWK of alg EdDSA": [{ ...ed25519.privateJwk, alg: "EdDSA" }, "EdDSA"],
  "an Ed25519 JWK as text": [JSON.stringify({ ...ed25519.privateJwk, alg: "Ed25519" }), "EdDSA"],
  "an Ed25519 CryptoKey": [ed25519.cryptoKey, "EdDSA"],
  "an Ed25519 PEM": [ed25519.pem, "EdDSA"],
  "an Ed25519 key that is to sign as Ed25519": [{ key: ed25519.privateJwk, alg: "Ed25519" }, "Ed25519"],
};
for (const [what, [key, alg]] of Object.entries(own)) {
  Deno.test(`privateKeyJwt: ${what} signs by ${alg}`, async () => {
    assertEquals(decodeProtectedHeader(await sign(key)).alg, alg);
  });
}

const other: Readonly<Record<string, (key: PrivateKey) => Promise<string> | string>> = {
  signedAssertion: (key) =>
    signedAssertion(key, { iss: "a", audience: "b" })({
      ...{ tokenEndpoint: new URL("https://auth.test/"), issuer: undefined, clientId: "a", headers: new Headers() },
      ...{ body: new URLSearchParams(), signal: AbortSignal.abort(), redact() {} },
    }),
};
for (const [what, make] of Object.entries(other)) {
  Deno.test(`${what}: reads a service account, and signs by EdDSA with Ed25519`, async () => {
    assertEquals(decodeProtectedHeader(await make(account)), { alg: "RS256", kid: "0123" });
    assertEquals(decodeProtectedHeader(await make({ ...ed25519.privateJwk, kid: "1" })), { alg: "EdDSA", kid: "1" });
  });
}

Deno.test("dpop: proofs of an Ed25519 pair are of EdDSA, unless Ed25519 is requested, and show no alg of the JWK", async () => {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
  const target = { method: "GET", url: "https://api.test/" };
  for (const [alg, expected] of [[undefined, "EdDSA"], ["EdDSA", "EdDSA"], ["Ed25519", "Ed25519"]] as const) {
    const { jwk, ...header } = decodeProtectedHeader(await dpop({ keyPair: pair, alg }).proof(target));
    assertEquals([header.alg, jwk], [expected, await exportJWK(pair.publicKey)]);
  }
});

const encrypted = { cipher: "aes-256-cbc", passphrase: "secret" };
const spki = ec.publicKey.export({ type: "spki", format: "der" });
const sequence = (...content: string[]) => Buffer.from(value("30", ...content), "hex");
const pkcs12 = sequence("020103", value("30", "06092a864886f70d010701"));
const certificate = sequence(value("30", "a003020102"), value("30", "06032a0304"), "030100");
const unusable: readonly (readonly [what: string, key: unknown, message: RegExp])[] = [
  [
    "a Buffer of PKCS#1",
    writeDer(rsa.privateKey, "pkcs1"),
    /is PKCS#1.*`openssl pkcs8 -topk8 .*-inform DER -in key.der/,
  ],
  ["a Buffer of SEC1", writeDer(ec.privateKey, "sec1"), /is SEC1.*`openssl pkcs8 -topk8 .*-inform DER/],
  ["PKCS#1 in base64", writeDer(rsa.privateKey, "pkcs1").toString("base64"), /is PKCS#1/],
  ["PKCS#1 of PEM as bytes", Buffer.from(writePem(rsa.privateKey, "pkcs1")), /is PKCS#1.* -in key.pem/],
  ["encrypted DER", writeDer(ec.privateKey, "pkcs8", encrypted), /is encrypted.*`openssl pkcs8 -topk8 .*-inform DER/],
  ["encrypted DER in base64", writeDer(ec.privateKey, "pkcs8", encrypted).toString("base64"), /is encrypted/],
  [
    "encrypted PEM as bytes",
    Buffer.from(String(ec.privateKey.export({ type: "pkcs8", format: "pem", ...encrypted }))),
    /is encrypted/,
  ],
  ["PKCS#12", pkcs12, /is PKCS#12.*`openssl pkcs12 -in key.p12 -nocerts -nodes/],
  ["PKCS#12 in base64", pkcs12.toString("base64"), /is PKCS#12/],
  ["a public key in DER", spki, /is a public key/],
  ["a public key of PKCS#1", rsa.publicKey.export({ type: "pkcs1", format: "der" }), /is a public key/],
  ["a public key in base64", spki.toString("base64"), /is a public key/],
  ["a certificate in DER", certificate, /is a certificate/],
  ["a path", "/run/secrets/key", /path of a file/],
  ["a relative path", "../key.pem", /path of a file/],
  ["a file's name", "my key.p12\n", /path of a file/],
  ["a path of Windows", "C:\\keys\\key", /path of a file/],
  ["a file URL", "file:///run/secrets/key", /path of a file/],
  ["a file URL as object", new URL("file:///run/secrets/key"), /path of a file/],
  ["DER that was read as text", new TextDecoder().decode(writeDer(rsa.privateKey)), /bytes that were read as text/],
  ["cut off DER", writeDer(rsa.privateKey).subarray(0, 500), /is damaged/],
  [
    "cut off DER in base64",
    writeDer(rsa.privateKey).subarray(0, 500).toString("base64"),
    /neither PEM nor JSON, nor DER/,
  ],
  ["no bytes", new Uint8Array(), /neither PEM nor JSON, nor DER/],
  ["bytes of zeros", new Uint8Array(100), /neither PEM nor JSON, nor DER/],
  ["other DER", sequence("0401000500"), /neither PEM nor JSON, nor DER/],
  ["a service account without a key", { ...account, private_key: undefined }, /neither PEM nor JSON/],
  ["a service account's encrypted key", { ...account, private_key: writePem(rsa.privateKey, "pkcs1") }, /is PKCS#1/],
  ["a JWK set as text", JSON.stringify({ keys: [jwk] }), /is a JWK set/],
  ["a list of JWKs", [jwk], /is a JWK set/],
];
const secrets = [jwk.d!, ...writePem(rsa.privateKey).match(/^.{64}$/gm)!.slice(1)];
for (const [what, key, message] of unusable) {
  Deno.test(`privateKeyJwt: names ${what}, and doesn't show it`, async () => {
    const error = assertThrows(() => privateKeyJwt(key as PrivateKey, { alg: "RS256" }), TypeError);
    const later = await assertRejects(() => sign(() => key as PrivateKey, "RS256"), AuthenticationError);
    for (const each of [error, later]) {
      assertMatch(each.message, message);
      assertHides(each, secrets);
    }
  });
}

Deno.test("privateKeyJwt: RSA-PSS signs by PSS only", () => {
  assertThrows(
    () => privateKeyJwt(wrapPem(pssDer())),
    TypeError,
    "An RSA-PSS key can sign by PS256, PS384, PS512",
  );
  assertThrows(() => privateKeyJwt(wrapPem(pssDer()), { alg: "RS256" }), TypeError, "Pass as alg: PS256 or");
  assertThrows(() => privateKeyJwt(wrapPem(pssDer(restriction)), { alg: "PS256" }), TypeError, "is for PS384");
});

Deno.test("privateKeyJwt: copies bytes", async () => {
  const bytes = new Uint8Array(der);
  const { url, fetch, requests } = tokenEndpointStub();
  const clientAuth = privateKeyJwt(bytes);
  bytes.fill(0);

  await getToken(url, { clientId: "id", clientAuth, fetch });

  await compactVerify(
    requests[0]!.form.get("client_assertion")!,
    await importJWK(ec.publicKey.export({ format: "jwk" }) as JWK, "ES256"),
  );
});
