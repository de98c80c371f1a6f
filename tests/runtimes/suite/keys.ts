/** Private keys as programs have them, and requests that are signed for one sending. @module */
import { assertEquals, assertNotEquals } from "@std/assert";
import { exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from "jose";
import { type PrivateKey, privateKeyJwt } from "../../../src/client_auth/private_key_jwt.ts";
import { dpop } from "../../../src/dpop/dpop.ts";
import { answer, json, steps } from "../../faults/behaviours.ts";
import { type Case, cases, eachRow } from "./case.ts";
import { planted } from "../../faults/planted.ts";
import { nthToken } from "./planted.ts";
import { type Actor, count, fine, read, seen, thrown } from "./world.ts";

type Bytes = Uint8Array<ArrayBuffer>;

type Alg = "ES256" | "RS256" | "PS256" | "EdDSA";

/** A new key as a pair, as PKCS#8, as a JWK, and as PEM. */
async function makeKey(alg: Alg) {
  const pair = await generateKeyPair(alg, { extractable: true });
  const pem = await exportPKCS8(pair.privateKey);
  const der = fromBase64(pem.replace(/-----.*-----/g, "").replace(/\s/g, ""));
  return { pair, pem, der, jwk: await exportJWK(pair.privateKey) as JsonWebKey };
}
type Key = Awaited<ReturnType<typeof makeKey>>;

const base64 = (bytes: Bytes) => btoa(String.fromCharCode(...bytes));
const fromBase64 = (text: string) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const utf8 = (text: string) => new TextEncoder().encode(text);

/** The same key as one of RSA-PSS: its OID differs in the last byte. */
function asPss(der: Bytes): Bytes {
  const rsaEncryption = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
  const start = der.findIndex((_, at) => rsaEncryption.every((byte, index) => der[at + index] === byte));
  return der.with(start + 8, 0x0a);
}

/** With the public key beside it (RFC 5958 §2). */
function withPublicKey(der: Bytes, { x = "" }: JsonWebKey): Bytes {
  return new Uint8Array([0x30, 0x51, 2, 1, 1, ...der.subarray(5), 0x81, 33, 0, ...fromBase64(x)]);
}

/** As PKCS#1, which is inside: an RSA key of 2048 bits. */
const asPkcs1 = (der: Bytes) => der.slice(26);

/** As SEC1, which is inside, with its curve: a key on P-256. */
function asSec1(der: Bytes): Bytes {
  const curve = [0xa0, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
  return new Uint8Array([0x30, 0x77, ...der.subarray(31, 68), ...curve, ...der.subarray(68)]);
}

const forms: Readonly<Record<string, readonly [alg: Alg, write: (key: Key) => PrivateKey]>> = {
  "PEM": ["ES256", ({ pem }) => pem],
  "the bytes of PEM": ["ES256", ({ pem }) => utf8(pem)],
  "PEM escaped twice": ["ES256", ({ pem }) => pem.replaceAll("\n", "\\\\n")],
  "DER": ["ES256", ({ der }) => der],
  "DER of RSA": ["RS256", ({ der }) => der.buffer],
  "DER in base64": ["ES256", ({ der }) => base64(der)],
  "a service account's key file": ["RS256", ({ pem: private_key }) => utf8(JSON.stringify({ private_key }))],
  "PKCS#1": ["RS256", ({ der }) => asPkcs1(der)],
  "SEC1": ["ES256", ({ der }) => asSec1(der)],
  "a JWK set": ["ES256", ({ jwk }) => ({ keys: [jwk] })],
  "an RSA JWK of n, e and d": ["RS256", ({ jwk: { n, e, d } }) => ({ kty: "RSA", n: n!, e: e!, d: d! })],
  "RSA-PSS": ["PS256", ({ der }) => asPss(der)],
  "Ed25519 with its public key": ["EdDSA", ({ der, jwk }) => withPublicKey(der, jwk)],
  "a CryptoKey of Ed25519": ["EdDSA", ({ pair }) => pair.privateKey],
  "the runtime's own JWK of Ed25519": ["EdDSA", ({ jwk }) => jwk],
  "an Ed25519 JWK of Ed25519": ["EdDSA", ({ jwk }) => ({ ...jwk, alg: "Ed25519" })],
  "an Ed25519 JWK of EdDSA": ["EdDSA", ({ jwk }) => JSON.stringify({ ...jwk, alg: "EdDSA" })],
};

/** A token, after which the connection is kept open; the next request is dropped unanswered, as idle ones may be. */
const dropsSecond = [
  json({ access_token: nthToken(1), token_type: "Bearer", expires_in: 3600 }, { keepAlive: true }),
  steps(),
];

async function readForms(tokens: Actor): Promise<URLSearchParams[]> {
  return (await tokens.requests()).map(({ body }) => new URLSearchParams(body));
}

/** The call, the content type that it arrives with, and whether a `Request` is called with. */
const bodies: Readonly<Record<string, readonly [init: RequestInit, type?: string | undefined, isRequest?: true]>> = {
  "text": [{ body: "hellö" }, "text/plain;charset=utf-8"],
  "text of a type": [{ body: "{}", headers: { "content-type": "application/json" } }, "application/json"],
  "a form": [{ body: new URLSearchParams({ a: "b" }) }, "application/x-www-form-urlencoded;charset=utf-8"],
  "bytes": [{ body: utf8("hellö") }],
  "a Request": [{ body: "hellö" }, undefined, true],
};

export const keys: readonly Case[] = [
  ...eachRow(forms, (what) => `privateKeyJwt: signs with ${what}`, async (world, [alg, write]) => {
    const { authenticate, tokens } = await world.set();
    const key = await makeKey(alg);

    await authenticate({ clientAuth: privateKeyJwt(write(key), { alg: alg === "EdDSA" ? undefined : alg }) })
      .getCredentials();

    const [form] = await readForms(tokens);
    const { protectedHeader } = await jwtVerify(form!.get("client_assertion")!, key.pair.publicKey);
    assertEquals(protectedHeader, { alg });
  }),
  ...cases({
    async "a token request whose connection is dropped: is sent again with another assertion and proof"(world) {
      const { authenticate, tokens } = await world.set({ tokens: { next: dropsSecond } });
      const { pair } = await makeKey("ES256");
      const clientAuth = privateKeyJwt(pair.privateKey);
      const authenticator = authenticate({ clientAuth, dpop: dpop({ allowBearer: true }), retry: { maxDelay: 20 } });
      await authenticator.getCredentials();

      await authenticator.refreshCredentials();

      const assertions = (await readForms(tokens)).map((form) => form.get("client_assertion"));
      assertEquals(assertions.length, 3);
      assertEquals(new Set([...assertions, ...await seen(tokens, "dpop")]).size, 6);
    },
  }, "single sending"),
  ...eachRow(
    bodies,
    (what) => `a call with a proof and ${what}, whose connection is dropped: isn't sent twice`,
    async (world, [init, type, isRequest]) => {
      const { authenticate, api } = await world.set({
        tokens: { usual: json({ access_token: planted.tokenStart, token_type: "DPoP", expires_in: 3600 }) },
        api: { next: [answer("fine", { keepAlive: true }), steps()] },
      });
      const authenticator = authenticate({ dpop: dpop() });
      const call = { method: "POST", ...init };
      const send = () =>
        isRequest ? authenticator.fetch(new Request(`${api.origin}/x`, call)) : authenticator.fetch("/x", call);
      assertEquals(await read(send()), fine);

      assertNotEquals(await thrown(send()), undefined);

      assertEquals(await count(api), [2]);
      const [first, second] = await api.requests();
      // Runtimes write the charset as they like. Bun's Request of text has no type.
      const expected = isRequest ? new Request(api.origin, call).headers.get("content-type") ?? undefined : type;
      assertEquals(second!.headers["content-type"]?.toLowerCase(), expected?.toLowerCase());
      assertEquals(first!.body, second!.body);
      assertEquals(second!.headers["content-length"], String(second!.body.length));
    },
    "single sending",
  ),
];
