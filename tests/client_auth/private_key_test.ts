import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { AuthenticationError, getToken } from "@m2m/authenticator";
import { type PrivateKey, privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { compactVerify, importJWK } from "jose";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";
import { assertHides } from "./showing.ts";
import { testKey } from "./signing_keys.ts";

const [es256, es512, rs256, ed25519] = [
  await testKey("ES256"),
  await testKey("ES512"),
  await testKey("RS256"),
  await testKey("Ed25519"),
];
const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";

/** The assertion that a client sends by this key. */
async function assertionBy(...args: Parameters<typeof privateKeyJwt>): Promise<string> {
  const stub = tokenEndpointStub();
  await getToken(stub.url, { clientId: "id", clientAuth: privateKeyJwt(...args), fetch: stub.fetch });
  return stub.requests[0]!.form.get("client_assertion")!;
}

const readable: Readonly<Record<string, (pem: string) => string>> = {
  "as OpenSSL writes it": (pem) => pem,
  "with CRLF": (pem) => pem.replaceAll("\n", "\r\n"),
  "with written-out line ends, as in an environment variable": (pem) => pem.replaceAll("\n", "\\n"),
  "with written-out CRLF": (pem) => pem.replaceAll("\n", "\\r\\n"),
  "on a single line": (pem) => pem.replaceAll("\n", ""),
  "with lines of another length, indented": (pem) => pem.replaceAll("\n", "\n    ").replace(/.{40}/g, "$&\n\t"),
  "with text around it": (pem) => `Bag Attributes\n    friendlyName: key\n${pem}\nnothing follows - really\n`,
  "with the certificate before it": (pem) => certificate + pem,
  "with the certificate after it": (pem) => pem + certificate,
  "without a line end at its end": (pem) => pem.trimEnd(),
};
for (const [how, write] of Object.entries(readable)) {
  Deno.test(`PEM text is read ${how}`, async () => {
    for (const { pem, alg, publicJwk } of [es256, rs256, ed25519]) {
      const assertion = await assertionBy(write(pem), { alg });
      await compactVerify(assertion, await importJWK(publicJwk, alg));
    }
  });
}

Deno.test("PKCS#8 as Node writes it is read, on every curve", async () => {
  for (const namedCurve of ["P-256", "P-384", "P-521"]) {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve });
    await assertionBy(String(privateKey.export({ type: "pkcs8", format: "pem" })));
  }
});

function pemOf(kind: "rsa" | "ec", type: "pkcs1" | "sec1" | "pkcs8", cipher?: string): string {
  const { privateKey } = kind === "rsa"
    ? generateKeyPairSync("rsa", { modulusLength: 2048 })
    : generateKeyPairSync("ec", { namedCurve: "P-256" });
  return String(privateKey.export({ type, format: "pem", ...cipher && { cipher, passphrase: "pass" } } as never));
}

const pkcs8Command = "openssl pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8.pem";
const unusable: Readonly<Record<string, readonly [given: unknown, ...says: string[]]>> = {
  "an encrypted PKCS#8 key": [
    `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${es256.pem.split("\n")[1]}\n-----END ENCRYPTED PRIVATE KEY-----`,
    "is encrypted",
    pkcs8Command,
  ],
  "an encrypted PKCS#1 key": [
    pemOf("rsa", "pkcs1").replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\n"),
    "is encrypted",
    pkcs8Command,
  ],
  "a PKCS#1 key": [pemOf("rsa", "pkcs1"), "is PKCS#1", pkcs8Command],
  "a SEC1 key": [pemOf("ec", "sec1"), "is SEC1", pkcs8Command],
  "a SEC1 key after its parameters": [
    `-----BEGIN EC PARAMETERS-----\nBggq\n-----END EC PARAMETERS-----\n${pemOf("ec", "sec1")}`,
    "is SEC1",
  ],
  "an OpenSSH key": [
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----",
    "ssh-keygen -p -m PKCS8",
  ],
  "a public key as PEM": [es256.pem.replaceAll("PRIVATE", "PUBLIC"), "is a public key"],
  "a certificate": [certificate, "is a certificate"],
  "a PEM that is cut off": [es256.pem.slice(0, 150), "is cut off"],
  "a PEM with damaged base64": [es256.pem.replace(/\n../, "\n*!"), "is damaged"],
  "a PEM with damaged DER": [es256.pem.replace(/\n../, "\nAA"), "is damaged"],
  "a PEM with half its bytes": [es256.pem.replace(/\n(.{24})[^-]+/, "\n$1\n"), "is damaged"],
  "a key for key agreement": [
    `-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VuBCIEINAA${"A".repeat(40)}\n-----END PRIVATE KEY-----`,
    "unsupported type",
  ],
  "bare base64": [es256.pem.split("\n")[1], "is neither PEM nor JSON"],
  "an empty text": ["", "is neither PEM nor JSON"],
  "a path": ["./key.pem", "is neither PEM nor JSON"],
  "JSON that is none": [`{"d":"${es256.privateJwk.d}", kty`, "isn't JSON"],
  "a public JWK": [es256.publicJwk, "is a public key"],
  "a JWK set": [{ keys: [es256.privateJwk] }, "one key of it"],
  "a shared secret": [{ kty: "oct", k: es256.privateJwk.d }, "clientSecretJwt"],
  "a JWK of no known type": [{ kty: "AKP", priv: es256.privateJwk.d }, "kty must be"],
  "a JWK whose type is a property of every object": [{ kty: "constructor", d: es256.privateJwk.d }, "kty must be"],
  "a JWK on another curve": [{ ...es256.privateJwk, crv: "secp256k1" }, "crv must be P-256, P-384, P-521"],
  "a JWK for key agreement": [{ ...ed25519.privateJwk, crv: "X25519" }, "crv must be Ed25519"],
  "a JWK without its public half": [{ ...es256.privateJwk, y: undefined }, "it lacks y"],
  "a JWK of RSA with d alone": [{ ...rs256.privateJwk, p: undefined, q: undefined }, "it lacks p, q"],
  "a JWK for encryption": [{ ...es256.privateJwk, use: "enc" }, "not for signing"],
  "a JWK whose operations are others": [{ ...es256.privateJwk, key_ops: ["verify"] }, "not for signing"],
  "a JWK for an unknown algorithm": [{ ...es256.privateJwk, alg: "ES256K" }, "The JWK's alg"],
  "a CryptoKey that is public": [await importJWK(es256.publicJwk, "ES256"), "is a public key"],
  "a CryptoKey that is a secret": [
    await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, ["sign"]),
    "use clientSecretJwt",
  ],
  "a CryptoKey that can't sign": [
    (await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, false, ["deriveBits"])).privateKey,
    "can't sign",
  ],
  "a pair of keys": [{ publicKey: 1, privateKey: es256.cryptoKey }, "of a CryptoKeyPair: its privateKey"],
  "a KeyObject of Node": [createPrivateKey(es256.pem), "must be PEM text"],
  "nothing": [undefined, "must be PEM text"],
  "null": [null, "must be PEM text"],
  "a number": [7, "must be PEM text"],
  "an RSA key that names no alg": [rs256.pem, "pass the one this client is registered with", "RS256", "PS512"],
  "a JWK of RSA that names no alg": [rs256.privateJwk, "RS256, RS384, RS512, PS256, PS384, PS512"],
};
const secrets = [es256, rs256, ed25519].flatMap((key) => key.secrets);

for (const [what, [given, ...says]] of Object.entries(unusable)) {
  Deno.test(`${what} as private key is refused by an error that says what to do and shows no key`, async () => {
    const error = assertThrows(() => privateKeyJwt(given as PrivateKey), TypeError);
    for (const part of says) assertStringIncludes(error.message, part);
    assertHides(error, secrets);

    // The same from a provider: it is found when the key is looked up, and told as everything is then.
    const later = await assertRejects(() => assertionBy(() => given as PrivateKey), AuthenticationError);
    assertEquals([later.code, later.retryable, later.cause], ["client_auth_unavailable", false, undefined]);
    assertEquals(later.message, `Cannot sign the client assertion. ${error.message}`);
    assertHides(later, secrets);
  });
}

const mismatches: readonly (readonly [unknown, string, string])[] = [
  [es256.pem, "ES384", "This P-256 key can't sign by ES384. Pass as alg: ES256."],
  [es512.privateJwk, "ES256", "This P-521 key can't sign by ES256. Pass as alg: ES512."],
  [rs256.pem, "ES256", "Pass as alg: RS256 or RS384"],
  [ed25519.pem, "RS256", "Pass as alg: EdDSA or Ed25519."],
  [rs256.cryptoKey, "RS512", "This key is for RS256, and alg says RS512"],
  [rs256.cryptoKey, "PS256", "This key is for RS256, and alg says PS256"],
  [{ ...rs256.privateJwk, alg: "PS256" }, "RS256", "This key is for PS256, and alg says RS256"],
  [{ ...es256.privateJwk, alg: "RS256" }, "ES256", "This key is for RS256, and alg says ES256"],
  [es256.pem, "HS256", "alg must be one of RS256"],
  [es256.pem, "none", "alg must be one of RS256"],
];
Deno.test("an alg that isn't the key's is refused, and so is one that nobody knows", () => {
  for (const [key, alg, says] of mismatches) {
    assertThrows(() => privateKeyJwt(key as PrivateKey, { alg: alg as "RS256" }), TypeError, says);
    assertThrows(() => privateKeyJwt({ key: key as PrivateKey, alg: alg as "RS256" }), TypeError, says);
  }
  assertThrows(() => privateKeyJwt(() => "", { alg: "rs256" as "RS256" }), TypeError, "alg must be one of");
});

Deno.test("what a key says of its algorithm is enough, and an Ed25519 key goes by both its names", async () => {
  const algOf = async (...args: Parameters<typeof privateKeyJwt>) =>
    JSON.parse(atob((await assertionBy(...args)).split(".")[0]!)).alg;

  assertEquals(await algOf({ ...rs256.privateJwk, alg: "PS384" }), "PS384");
  assertEquals(await algOf(rs256.cryptoKey), "RS256");
  assertEquals(await algOf(es512.pem), "ES512");
  assertEquals(await algOf(ed25519.pem), "EdDSA");
  assertEquals(await algOf({ ...ed25519.privateJwk, alg: "EdDSA" }, { alg: "Ed25519" }), "Ed25519");
});

Deno.test("a key that is only found to be bad when it is opened ends in an error without it", async () => {
  const zeros = es256.pem.replace(/(\n.{44})[^-]{120}/, (all, start) => start + "A".repeat(all.length - start.length));
  const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ type: "pkcs8", format: "pem" });
  const bad: readonly (readonly [PrivateKey, string])[] = [
    [{ ...es256.privateJwk, d: `${es256.privateJwk.d}!` }, "is damaged"],
    [{ ...rs256.privateJwk, d: rs256.privateJwk.d!.replace(/.{4}$/, "AAAA"), alg: "RS256" }, "The key doesn't sign"],
    [{ ...rs256.privateJwk, d: rs256.privateJwk.d + "!", alg: "RS256" }, "is damaged"],
    [zeros, "is damaged"],
    [{ key: String(weak), alg: "RS256" } as never, "The RSA key has 1024 bits"],
  ];
  for (const [key, says] of bad) {
    const error = await assertRejects(() => assertionBy(key), AuthenticationError, says);
    assertEquals([error.code, error.cause], ["client_auth_unavailable", undefined]);
    assertHides(error, secrets);
  }
});

Deno.test("a header that can't be signed ends in an error without the key", async () => {
  for (const header of [{ crit: ["unknown"], unknown: 1 }, { b64: false, crit: ["b64"] }, { n: 1n }]) {
    const error = await assertRejects(() => assertionBy(es256.pem, { header }), AuthenticationError, "header holds");
    assertEquals(error.cause, undefined);
    assertHides(error, secrets);
  }
});

Deno.test("what a provider throws is the cause, as with a secret's", async () => {
  const sealed = new Error("vault is sealed");
  const error = await assertRejects(() => assertionBy(() => Promise.reject(sealed)), AuthenticationError);
  assertEquals([error.code, error.cause], ["client_auth_unavailable", sealed]);
});

Deno.test("the value holds its key out of sight", () => {
  for (const key of [es256.pem, es256.privateJwk, es256.cryptoKey]) {
    assertHides(privateKeyJwt(key), secrets);
    assertHides(privateKeyJwt(() => key), secrets);
  }
});

Deno.test("a key given as an object is read once: what becomes of it afterwards doesn't matter", async () => {
  const key = { ...es256.privateJwk };
  const options: { alg: "ES256"; kid?: string } = { alg: "ES256", kid: "first" };
  const stub = tokenEndpointStub();
  const clientAuth = privateKeyJwt(key, options);
  Object.assign(key, { d: "AAAA" });
  options.kid = "second";
  await getToken(stub.url, { clientId: "id", clientAuth, fetch: stub.fetch });

  const assertion = stub.requests[0]!.form.get("client_assertion")!;
  const { protectedHeader } = await compactVerify(assertion, await importJWK(es256.publicJwk, "ES256"));
  assert(protectedHeader.kid === "first");
});
