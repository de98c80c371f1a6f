import { assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError, getToken } from "@m2m/authenticator";
import { type PrivateKey, privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { compactVerify, decodeProtectedHeader, importJWK } from "jose";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { assertHides } from "./showing.ts";
import { testKey } from "./signing_keys.ts";

const [es256, es512] = [await testKey("ES256"), await testKey("ES512")];
const [rs256, ed25519] = [await testKey("RS256"), await testKey("Ed25519")];
const secrets = [es256, rs256, ed25519].flatMap((key) => key.secrets);
const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/** Sends a token request, and returns its assertion. */
async function send(clientAuth: ReturnType<typeof privateKeyJwt>): Promise<string> {
  const { url, fetch, requests } = tokenEndpointStub();
  await getToken(url, { clientId: "id", clientAuth, fetch });
  return requests[0]!.form.get("client_assertion")!;
}

const readable: Readonly<Record<string, (pem: string) => string>> = {
  "of OpenSSL": (pem) => pem,
  "with CRLF": (pem) => pem.replaceAll("\n", "\r\n"),
  "with escaped line ends": (pem) => pem.replaceAll("\n", "\\n"),
  "with escaped CRLF": (pem) => pem.replaceAll("\n", "\\r\\n"),
  "on a single line": (pem) => pem.replaceAll("\n", ""),
  "with indented lines of another length": (pem) => pem.replaceAll("\n", "\n    ").replace(/.{40}/g, "$&\n\t"),
  "with text around it": (pem) => `Bag Attributes\n    friendlyName: key\n${pem}\nnothing follows - really\n`,
  "with the certificate before it": (pem) => certificate + pem,
  "with the certificate after it": (pem) => pem + certificate,
  "without a line end": (pem) => pem.trimEnd(),
};
for (const [how, write] of Object.entries(readable)) {
  Deno.test(`privateKeyJwt: reads PEM ${how}`, async () => {
    for (const { pem, alg, publicJwk } of [es256, rs256, ed25519]) {
      await compactVerify(await send(privateKeyJwt(write(pem), { alg })), await importJWK(publicJwk, alg));
    }
  });
}

function writePem(kind: "rsa" | "ec", type: "pkcs1" | "sec1" | "pkcs8", options: object): string {
  const { privateKey } = generateKeyPairSync(kind as "ec", options as { namedCurve: string });
  return String(privateKey.export({ type: type as "pkcs8", format: "pem" }));
}

Deno.test("privateKeyJwt: reads PKCS#8 of Node on every curve", async () => {
  for (const namedCurve of ["P-256", "P-384", "P-521"]) {
    await send(privateKeyJwt(writePem("ec", "pkcs8", { namedCurve })));
  }
});

const pkcs1 = writePem("rsa", "pkcs1", { modulusLength: 2048 });
const sec1 = writePem("ec", "sec1", { namedCurve: "P-256" });
const { pem, privateJwk: jwk } = es256;
const wrap = (label: string, body = "b3Bl") => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;
const hmac = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
const ecdh = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"]);

const unusable: readonly [what: string, key: unknown, message: RegExp][] = [
  ["encrypted PKCS#8", wrap("ENCRYPTED PRIVATE KEY", pem.split("\n")[1]), /is encrypted.*openssl pkcs8 -topk8/],
  ["encrypted PKCS#1", pkcs1.replace("KEY-----\n", "$&Proc-Type: 4,ENCRYPTED\n\n"), /is encrypted.*openssl pkcs8/],
  ["PKCS#1", pkcs1, /is PKCS#1.*openssl pkcs8 -topk8/],
  ["SEC1", sec1, /is SEC1.*openssl pkcs8 -topk8/],
  ["SEC1 after its parameters", wrap("EC PARAMETERS") + sec1, /is SEC1/],
  ["an OpenSSH key", wrap("OPENSSH PRIVATE KEY"), /ssh-keygen -p -m PKCS8/],
  ["a public PEM", pem.replaceAll("PRIVATE", "PUBLIC"), /is a public key/],
  ["a certificate", certificate, /is a certificate/],
  ["a truncated PEM", pem.slice(0, 150), /is cut off/],
  ["damaged base64", pem.replace(/\n../, "\n*!"), /is damaged/],
  ["damaged DER", pem.replace(/\n../, "\nAA"), /is damaged/],
  ["half a DER", pem.replace(/\n(.{24})[^-]+/, "\n$1\n"), /is damaged/],
  ["X25519", wrap("PRIVATE KEY", `MC4CAQAwBQYDK2VuBCIEINAA${"A".repeat(40)}`), /unsupported type/],
  ["bare base64", pem.split("\n")[1], /neither PEM nor JSON/],
  ["an empty text", "", /neither PEM nor JSON/],
  ["a path", "./key.pem", /neither PEM nor JSON/],
  ["invalid JSON", `{"d":"${jwk.d}", kty`, /isn't JSON/],
  ["a public JWK", es256.publicJwk, /is a public key/],
  ["a JWK set", { keys: [jwk] }, /one key of it/],
  ["a shared secret", { kty: "oct", k: jwk.d }, /clientSecretJwt/],
  ["a JWK of an unknown type", { kty: "AKP", priv: jwk.d }, /kty must be/],
  ["a JWK of the type constructor", { kty: "constructor", d: jwk.d }, /kty must be/],
  ["a JWK on another curve", { ...jwk, crv: "secp256k1" }, /crv must be P-256, P-384, P-521/],
  ["a JWK of X25519", { ...ed25519.privateJwk, crv: "X25519" }, /crv must be Ed25519/],
  ["a JWK without its public half", { ...jwk, y: undefined }, /lacks y/],
  ["a JWK of RSA with d only", { ...rs256.privateJwk, p: undefined, q: undefined }, /lacks p, q/],
  ["a JWK for encryption", { ...jwk, use: "enc" }, /not for signing/],
  ["a JWK for other operations", { ...jwk, key_ops: ["verify"] }, /not for signing/],
  ["a JWK for an unknown alg", { ...jwk, alg: "ES256K" }, /The JWK's alg/],
  ["a public CryptoKey", await importJWK(es256.publicJwk, "ES256"), /is a public key/],
  ["a secret CryptoKey", hmac, /use clientSecretJwt/],
  ["a CryptoKey that can't sign", ecdh.privateKey, /can't sign/],
  ["a key pair", { publicKey: 1, privateKey: es256.cryptoKey }, /of a CryptoKeyPair: its privateKey/],
  ["a KeyObject of Node", createPrivateKey(pem), /must be PEM text/],
  ["undefined", undefined, /must be PEM text/],
  ["null", null, /must be PEM text/],
  ["a number", 7, /must be PEM text/],
  ["a PEM of RSA without alg", rs256.pem, /RS256, RS384, RS512, PS256, PS384, PS512.* registered with/],
  ["a JWK of RSA without alg", rs256.privateJwk, /RS256, RS384, RS512, PS256, PS384, PS512/],
];
for (const [what, key, message] of unusable) {
  Deno.test(`privateKeyJwt: refuses ${what}, and doesn't show it`, async () => {
    const error = assertThrows(() => privateKeyJwt(key as PrivateKey), TypeError);
    assertMatch(error.message, message);
    const later = await assertRejects(() => send(privateKeyJwt(() => key as PrivateKey)), AuthenticationError);
    assertEquals([later.code, later.retryable, later.cause], ["client_auth_unavailable", false, undefined]);
    assertMatch(later.message, message);
    for (const each of [error, later]) assertHides(each, secrets);
  });
}

const mismatches: readonly [what: string, key: unknown, alg: string, message: string][] = [
  ["a P-256 key", pem, "ES384", "Pass as alg: ES256."],
  ["a P-521 key", es512.privateJwk, "ES256", "Pass as alg: ES512."],
  ["an RSA key", rs256.pem, "ES256", "Pass as alg: RS256 or RS384"],
  ["an Ed25519 key", ed25519.pem, "RS256", "Pass as alg: EdDSA or Ed25519."],
  ["a CryptoKey for RS256", rs256.cryptoKey, "RS512", "is for RS256"],
  ["a CryptoKey for RS256", rs256.cryptoKey, "PS256", "is for RS256"],
  ["a JWK for PS256", { ...rs256.privateJwk, alg: "PS256" }, "RS256", "is for PS256"],
  ["a JWK on P-256 for RS256", { ...jwk, alg: "RS256" }, "ES256", "is for RS256"],
  ["any key", pem, "HS256", "alg must be one of RS256"],
  ["any key", pem, "none", "alg must be one of RS256"],
  ["a function", () => "", "rs256", "alg must be one of RS256"],
];
for (const [what, key, alg, message] of mismatches) {
  Deno.test(`privateKeyJwt: refuses alg ${alg} with ${what}`, () => {
    assertThrows(() => privateKeyJwt(key as PrivateKey, { alg: alg as "RS256" }), TypeError, message);
    if (typeof key === "function") return;
    assertThrows(() => privateKeyJwt({ key: key as PrivateKey, alg: alg as "RS256" }), TypeError, message);
  });
}

Deno.test("privateKeyJwt: takes the algorithm from the option, else from the key", async () => {
  const algorithms = {
    PS384: privateKeyJwt({ ...rs256.privateJwk, alg: "PS384" }),
    RS256: privateKeyJwt(rs256.cryptoKey),
    ES512: privateKeyJwt(es512.pem),
    EdDSA: privateKeyJwt(ed25519.pem),
    Ed25519: privateKeyJwt({ ...ed25519.privateJwk, alg: "EdDSA" }, { alg: "Ed25519" }),
  };
  for (const [alg, auth] of Object.entries(algorithms)) assertEquals(decodeProtectedHeader(await send(auth)).alg, alg);
});

const zeros = pem.replace(/(\n.{44})[^-]{120}/, (all, start) => start + "A".repeat(all.length - start.length));
const weak = { key: writePem("rsa", "pkcs8", { modulusLength: 1024 }), alg: "RS256" } as const;
const rsa = { ...rs256.privateJwk, alg: "RS256" };
const bad: readonly [what: string, message: string, ...Parameters<typeof privateKeyJwt>][] = [
  ["a damaged JWK", "is damaged", { ...jwk, d: `${jwk.d}!` }],
  ["another d of RSA", "The key doesn't sign", { ...rsa, d: rsa.d!.replace(/.{4}$/, "AAAA") }],
  ["a damaged JWK of RSA", "is damaged", { ...rsa, d: `${rsa.d}!` }],
  ["a key of zeros", "is damaged", () => zeros],
  ["a weak RSA key", "1024 bits", weak],
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

Deno.test("privateKeyJwt: its value doesn't show the key", () => {
  for (const key of [pem, jwk, es256.cryptoKey]) {
    for (const each of [key, () => key]) assertHides(privateKeyJwt(each), secrets);
  }
});

Deno.test("privateKeyJwt: copies key and options", async () => {
  const [key, options] = [{ ...jwk }, { kid: "first" }];
  const clientAuth = privateKeyJwt(key, options);
  Object.assign(key, { d: "AAAA" });
  options.kid = "second";

  const verified = await compactVerify(await send(clientAuth), await importJWK(es256.publicJwk, "ES256"));
  assertEquals(verified.protectedHeader.kid, "first");
});
