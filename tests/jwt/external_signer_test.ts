/** Signers whose key is elsewhere: what they return wrong is named, and isn't sent. */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError, type ClientAuth, getToken } from "@m2m/authenticator";
import {
  convertDerSignature,
  type ExternalSigner,
  privateKeyJwt,
} from "@m2m/authenticator/client-auth/private-key-jwt";
import { dpop } from "@m2m/authenticator/dpop";
import { signedAssertion } from "@m2m/authenticator/grant/signed-assertion";
import { decodeBase64Url, encodeBase64Url } from "@std/encoding/base64url";
import { Buffer } from "node:buffer";
import { constants, createHash, createPrivateKey, sign, type SignKeyObjectInput } from "node:crypto";
import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader, EmbeddedJWK, importJWK, jwtVerify } from "jose";
import { assertHides } from "../client_auth/showing.ts";
import { algorithms, testKey } from "../client_auth/signing_keys.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

/** Sends a token request, and returns its assertion. */
async function send(clientAuth: ClientAuth, signal?: AbortSignal): Promise<string> {
  const { url, fetch, requests } = tokenEndpointStub();
  try {
    await getToken(url, { clientId: "id", clientAuth, fetch, signal });
  } catch (error) {
    assertEquals(requests.length, 0);
    throw error;
  }
  return requests[0]!.form.get("client_assertion")!;
}

const keys = Object.fromEntries(await Promise.all(algorithms.map(async (alg) => [alg, await testKey(alg)] as const)));
const publicKey = (alg: string) => keys[alg]!.publicJwk as JsonWebKey;

/** Signs as `node:crypto` does, by its defaults where nothing else is said. */
function signLike(alg: string, hash: string | null, options: Omit<SignKeyObjectInput, "key"> = {}) {
  const key = createPrivateKey(keys[alg]!.pem);
  return (data: Uint8Array) => sign(hash, data, { key, ...options });
}
const raw = { dsaEncoding: "ieee-p1363" } as const;
const pss = (saltLength?: number) => ({ padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
const right: Record<string, ExternalSigner["sign"]> = Object.fromEntries(algorithms.map((alg) => {
  const hash = `sha${alg.slice(2)}`;
  if (alg.startsWith("E")) return [alg, signLike(alg, /^ES/.test(alg) ? hash : null, raw)];
  return [alg, signLike(alg, hash, alg.startsWith("P") ? pss(Number(alg.slice(2)) / 8) : {})];
}));

for (const alg of algorithms) {
  Deno.test(`external signer: signs by ${alg}, for assertions, grants and proofs`, async () => {
    const signer = { alg, kid: "1", publicKey: publicKey(alg), sign: right[alg]! };
    const key = await importJWK(keys[alg]!.publicJwk, alg);
    const request = { tokenEndpoint: new URL("https://auth.test/"), clientId: "a", signal: AbortSignal.timeout(5_000) };
    const grant = signedAssertion(signer, { iss: "a", audience: "b" });
    for (const assertion of [await send(privateKeyJwt(signer)), await grant(request as Parameters<typeof grant>[0])]) {
      const { protectedHeader } = await compactVerify(assertion, key);
      assertEquals<unknown>(protectedHeader, { alg, kid: "1" });
    }
    const proofs = dpop({ signer });
    const proof = await proofs.proof({ method: "GET", url: "https://api.test/" });
    await jwtVerify(proof, EmbeddedJWK);
    assertEquals(await proofs.thumbprint(), await calculateJwkThumbprint(keys[alg]!.publicJwk));
    assertEquals(Object.keys(decodeProtectedHeader(proof).jwk!).includes("kid"), false);
  });
}

const buffer = (text: string) => new TextEncoder().encode(text);
const sshBlob = (name: string) =>
  Buffer.concat([Buffer.from([0, 0, 0, name.length]), buffer(name), new Uint8Array(260)]);
/** What a signer returns wrong: the message, and whether it is named without the public key, too. */
const wrong: readonly [what: string, alg: string, sign: (data: Uint8Array) => unknown, named: RegExp, always?: true][] =
  [
    ["DER of OpenSSL", "ES256", signLike("ES256", "sha256"), /DER signature of \d\d bytes.* ES256 has 64 raw/, true],
    ["DER on P-521", "ES512", signLike("ES512", "sha512"), /ES512 has 132 raw.*convertDerSignature/, true],
    ["the salt of node:crypto", "PS256", signLike("PS256", "sha256", pss()), /salt of 222 bytes where PS256 has 32/],
    ["no salt", "PS384", signLike("PS384", "sha384", pss(0)), /salt of 0 bytes where PS384 has 48/],
    ["SHA-1 of an SSH agent", "RS256", signLike("RS256", "sha1"), /with SHA-1, which isn't RS256.*SSH agent/],
    ["an SSH agent's blob", "RS256", () => sshBlob("ssh-rsa"), /SSH signature \(ssh-rsa\).*SHA-1/, true],
    [
      "an SSH agent's ECDSA",
      "ES256",
      () => sshBlob("ecdsa-sha2-nistp256"),
      /SSH signature \(ecdsa-sha2-nistp256\)/,
      true,
    ],
    ["PKCS#1 where PSS belongs", "PS256", signLike("PS256", "sha256"), /RSASSA-PKCS1-v1_5 with SHA-256.* RSA-PSS/],
    ["another hash", "ES256", signLike("ES256", "sha384", raw), /ECDSA with SHA-384, which isn't ES256/],
    [
      "the hash's hash",
      "RS256",
      (data) => right.RS256!(createHash("sha256").update(data).digest(), { signal: AbortSignal.abort() }),
      /the data's hash, hashed again/,
    ],
    ["another key's", "EdDSA", right.Ed25519!.bind(null) as never, /publicKey doesn't verify/],
    ["another key's", "Ed25519", right.EdDSA!.bind(null) as never, /publicKey doesn't verify/],
    ["base64", "ES256", () => "c2ln", /bytes, not text: decode it/, true],
    ["nothing", "ES256", () => undefined, /must return the signature's bytes\./, true],
    ["half a signature", "RS256", () => new Uint8Array(128), /128 bytes where a signature of RS256 has 256/, true],
  ];
for (const [what, alg, sign, named, always] of wrong) {
  Deno.test(`external signer: ${what} is named, and not sent`, async () => {
    const signer = { alg, sign } as ExternalSigner;
    const known = { ...signer, publicKey: publicKey(alg) };
    // Not the first alone: none was right.
    const clientAuth = privateKeyJwt(known);
    for (const auth of [clientAuth, clientAuth, ...always ? [privateKeyJwt(signer)] : []]) {
      const error = await assertRejects(() => send(auth), AuthenticationError);
      assertMatch(error.message, named);
      assertEquals([error.code, error.retryable, error.cause], ["client_auth_unavailable", false, undefined]);
    }
    const proof = () => dpop({ signer: known }).proof({ method: "GET", url: "https://api.test/" });
    assertMatch((await assertRejects(proof, AuthenticationError)).message, new RegExp(named.source, "i"));
  });
}

Deno.test("external signer: a public key that is short, of another curve or oddly written is refused before it signs", async () => {
  let signatures = 0;
  const sign = () => (signatures++, new Uint8Array(128));
  const name = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const size = { modulusLength: 1024, publicExponent: new Uint8Array([1, 0, 1]) };
  const short = (await crypto.subtle.generateKey({ ...name, ...size }, true, ["sign", "verify"])).publicKey;
  const p384 = await importJWK(keys.ES384!.publicJwk, "ES384", { extractable: true }) as CryptoKey;
  const rsa = publicKey("RS256");
  const padded = encodeBase64Url(new Uint8Array([0, ...decodeBase64Url(rsa.n!)]));
  const cases = [
    ["RS256", await crypto.subtle.exportKey("jwk", short), "1024 bits"],
    ["RS256", { ...rsa, n: padded }, "without a zero byte"],
    ["RS256", { ...rsa, n: "*" }, "must be base64url"],
    ["ES256", p384, "publicKey must be a public key for ES256"],
  ] as const;
  for (const [alg, publicKey, says] of cases) {
    assertThrows(() => privateKeyJwt({ alg, publicKey, sign }), TypeError, says);
  }
  await assertRejects(
    () => send(privateKeyJwt({ alg: "RS256", publicKey: short, sign })),
    AuthenticationError,
    "1024 bits",
  );
  assertEquals(signatures, 0);
});

Deno.test("external signer: it may have a member key; without a kid it is known again by its public key", async () => {
  await send(privateKeyJwt(Object.assign({ key: "a name" }, { alg: "ES256" as const, sign: right.ES256! })));
  const clientAuth = privateKeyJwt(() => ({ alg: "ES256", publicKey: publicKey("ES256"), sign: right.ES256! }));
  const credentials = [];
  for (let time = 0; time < 2; time++) {
    const about = { tokenEndpoint: new URL("https://auth.test/"), clientId: "id", signal: AbortSignal.timeout(5_000) };
    const request = { ...about, issuer: undefined, headers: new Headers(), body: new URLSearchParams(), redact() {} };
    await clientAuth.authenticate(request);
    credentials.push((request as { credential?: string }).credential);
  }
  assertEquals(credentials[0], credentials[1]);
  assert(credentials[0] !== undefined);
});

Deno.test("external signer: its first signature alone is verified, by a public CryptoKey, too", async () => {
  let signatures = 0;
  const sign = (data: Uint8Array<ArrayBuffer>, options: { signal: AbortSignal }) =>
    ++signatures === 1 ? right.ES256!(data, options) : new Uint8Array(64);
  const key = await importJWK(keys.ES256!.publicJwk, "ES256", { extractable: true }) as CryptoKey;
  const clientAuth = privateKeyJwt({ alg: "ES256", publicKey: key, sign });
  await send(clientAuth);
  await send(clientAuth);
  assertEquals(signatures, 2);
});

Deno.test("external signer: its own error is the cause; it gets the request's signal, and may be looked up", async () => {
  const sealed = new Error("the token is locked");
  const fail = () => Promise.reject(sealed);
  const signer = { alg: "ES256", kid: "1", publicKey: publicKey("ES256"), sign: fail } as const;
  for (const key of [signer, () => signer, { key: signer, kid: "2" }]) {
    const error = await assertRejects(() => send(privateKeyJwt(key)), AuthenticationError, "see the cause");
    assertEquals([error.code, error.cause], ["client_auth_unavailable", sealed]);
  }
  const proof = () => dpop({ signer }).proof({ method: "GET", url: "https://api.test/" });
  const error = await assertRejects(proof, AuthenticationError, "the signer failed. See the cause");
  assertEquals([error.code, error.cause], ["proof_failed", sealed]);

  const controller = new AbortController();
  const hangs = (_: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      setTimeout(() => controller.abort(new Error("stopped")), 5);
    });
  const stopped = privateKeyJwt({ ...signer, sign: hangs });
  await assertRejects(() => send(stopped, controller.signal), Error, "stopped");
});

const valid = { alg: "ES256", publicKey: publicKey("ES256"), sign: right.ES256! };
const { d } = keys.ES256!.privateJwk;
const refused: readonly [what: string, signer: object, message: string, options?: object][] = [
  ["no function", { ...valid, sign: "x" }, "sign must be a function"],
  ["no alg", { ...valid, alg: undefined }, "must have an alg"],
  ["an unknown alg", { ...valid, alg: "HS256" }, "alg must be one of"],
  ["another alg", valid, "is for ES256, and alg says ES384", { alg: "ES384" }],
  ["another kid", { ...valid, kid: 7 }, "kid must be a string"],
  ["a public key of another curve", { ...valid, publicKey: publicKey("ES384") }, "public key for ES256"],
  ["a public key of another type", { ...valid, publicKey: publicKey("RS256") }, "public key for ES256"],
  ["a private key", { ...valid, publicKey: { ...publicKey("ES256"), d } }, "public key for ES256"],
  ["half a public key", { ...valid, publicKey: { ...publicKey("ES256"), y: undefined } }, "public key for ES256"],
  ["a private CryptoKey", { ...valid, publicKey: keys.ES256!.cryptoKey }, "extractable CryptoKey"],
  ["a PEM as public key", { ...valid, publicKey: "-----BEGIN PUBLIC KEY-----" }, "a JWK, or"],
];
Deno.test("external signer: a wrong one is refused at once", () => {
  for (const [what, signer, message, options] of refused) {
    const { secrets } = keys.ES256!;
    const given = signer as ExternalSigner;
    for (const make of [() => privateKeyJwt(given, options), () => dpop({ signer: given, ...options })]) {
      assertHides(assertThrows(make, TypeError, message, what), secrets);
    }
  }
  const { publicKey: _, ...unknown } = valid as ExternalSigner;
  assertThrows(() => dpop({ signer: unknown }), TypeError, "must have a publicKey");
  const keyPair = () => Promise.reject<CryptoKeyPair>();
  assertThrows(() => dpop({ signer: valid as ExternalSigner, keyPair }), TypeError, "can't be combined");
});

Deno.test("convertDerSignature: gives the bytes of a JWS, also for short integers, and refuses others", async () => {
  for (const alg of ["ES256", "ES384", "ES512"] as const) {
    const der = signLike(alg, `sha${alg.slice(2)}`);
    const convert = (data: Uint8Array) => convertDerSignature(der(data), alg);
    for (let i = 0; i < 20; i++) await send(privateKeyJwt({ alg, publicKey: publicKey(alg), sign: convert }));
    assertThrows(
      () => convertDerSignature(right[alg]!(buffer("x") as never, {} as never) as Uint8Array, alg),
      TypeError,
    );
  }
  const short = convertDerSignature(new Uint8Array([0x30, 6, 2, 1, 5, 2, 1, 7]), "ES256");
  assert(short[31] === 5 && short[63] === 7 && short.reduce((sum, byte) => sum + byte) === 12);
  assertThrows(() => convertDerSignature(signLike("ES384", "sha384")(buffer("x")), "ES256"), TypeError, "ES256 in DER");
});
