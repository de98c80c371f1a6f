import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { dpop, type DpopOptions } from "@m2m/authenticator/dpop";
import { calculateJwkThumbprint, EmbeddedJWK, exportJWK, generateKeyPair, jwtVerify } from "jose";
import { algorithms } from "../client_auth/signing_keys.ts";
import { getStatus } from "../client_auth/refusal.ts";
import { assertHides } from "../client_auth/showing.ts";
import { startScene } from "./scene.ts";

const target = { method: "GET", url: "https://api.example.com/x" };

/** Uses a key pair that fails. */
async function assertFails(use: () => Promise<unknown>, message: string, cause?: Error): Promise<void> {
  const error = await assertRejects(use, AuthenticationError, message);
  assertEquals([error.code, error.retryable, error.cause], ["proof_failed", false, cause]);
  assert(error.message.startsWith("Cannot make a DPoP proof: "));
  assertHides(error, ["planted"]);
}

for (const alg of algorithms) {
  Deno.test(`dpop: takes a public key for ${alg} that may not verify, and none that doesn't match`, async () => {
    const [{ privateKey, publicKey: own }, { publicKey }] = [await generateKeyPair(alg), await generateKeyPair(alg)];
    for (const keyPair of [{ privateKey, publicKey }, () => ({ privateKey, publicKey })]) {
      const proofs = dpop({ keyPair });
      for (const use of [() => proofs.proof(target), () => proofs.thumbprint()]) await assertFails(use, "one pair");
    }
    const jwk = await exportJWK(own) as JsonWebKey;
    const shown = await crypto.subtle.importKey("jwk", jwk, own.algorithm, true, []);
    assertEquals((await dpop({ keyPair: { privateKey, publicKey: shown } }).thumbprint()).length, 43);
  });
}

Deno.test("dpop: twenty first callers get the same key, looked up once when needed", async () => {
  let asked = 0;
  const kept = await generateKeyPair("ES256");
  const lookedUp = dpop({
    async keyPair() {
      asked++;
      await new Promise((resolve) => setTimeout(resolve));
      return kept;
    },
  });
  assertEquals(asked, 0);

  for (const proofs of [dpop(), lookedUp]) {
    const seen = await Promise.all(Array.from({ length: 20 }, async (_, i) => {
      if (i % 2) return await proofs.thumbprint();
      const { protectedHeader } = await jwtVerify(await proofs.proof(target), EmbeddedJWK, { typ: "dpop+jwt" });
      return await calculateJwkThumbprint(protectedHeader.jwk!);
    }));
    assertEquals([...new Set(seen)], [await proofs.thumbprint()]);
  }
  assertEquals(asked, 1);
  assertEquals(await lookedUp.thumbprint(), await calculateJwkThumbprint(await exportJWK(kept.publicKey)));
});

Deno.test("dpop: refuses invalid options at once", async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const others = await generateKeyPair("ES384");
  const hmac = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
  const ecdh = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]) };
  const short = await crypto.subtle.generateKey({ ...rsa, modulusLength: 1024 }, false, ["sign", "verify"]);
  const jwk = await exportJWK(publicKey) as JsonWebKey;
  const hidden = await crypto.subtle.importKey("jwk", jwk, publicKey.algorithm, false, ["verify"]);
  const noPairs = [privateKey, hmac, null, "planted", { privateKey, publicKey: privateKey }];
  const wrong: [unknown, string][] = [
    ...["HS256", "none"].map((alg): [unknown, string] => [{ alg }, "alg must be one of"]),
    [{ alg: "ES384", keyPair: { privateKey, publicKey } }, "can't sign by ES384"],
    ...noPairs.map((keyPair): [unknown, string] => [{ keyPair }, "CryptoKeyPair"]),
    [{ keyPair: { privateKey, publicKey: others.publicKey } }, "one pair"],
    [{ keyPair: ecdh }, "one pair"],
    [{ keyPair: short }, "1024 bits"],
    [{ keyPair: { privateKey, publicKey: hidden } }, "extractable"],
  ];
  for (const [options, message] of wrong) {
    const error = assertThrows(() => dpop(options as DpopOptions), TypeError, message);
    assertHides(error, ["planted", (await exportJWK(privateKey)).d!]);
  }
});

Deno.test("dpop: a look-up without a usable key pair is proof_failed, and its error the cause", async () => {
  const gone = new Error("the vault is gone");
  const wrong: [() => unknown, string, Error?][] = [
    [() => Promise.reject(gone), "See the cause", gone],
    [() => undefined, "CryptoKeyPair"],
    [() => generateKeyPair("ES384"), "can't sign by ES256"],
  ];
  await using scene = await startScene();
  for (const [keyPair, message, cause] of wrong) {
    const proofs = dpop({ alg: "ES256", keyPair: keyPair as () => Promise<CryptoKeyPair> });
    for (const use of [() => proofs.proof(target), () => scene.client({ dpop: proofs }).fetch("/x")]) {
      await assertFails(use, message, cause);
    }
  }
  assertEquals(scene.sent.length, 0);
});

Deno.test("dpop: looks up the key again after a failure", async () => {
  let asked = 0;
  const proofs = dpop({ keyPair: () => ++asked === 1 ? Promise.reject(new Error("busy")) : generateKeyPair("ES256") });

  await Promise.all(Array.from({ length: 20 }, () => assertRejects(() => proofs.thumbprint())));
  assertEquals(asked, 1);
  assertEquals([(await proofs.thumbprint()).length, asked], [43, 2]);
});

Deno.test("dpop: a runtime that can't make or use the key is proof_failed, without the runtime's error", async () => {
  const { generateKey, sign } = crypto.subtle;
  const keyPair = await generateKeyPair("ES256");
  const fail = () => Promise.reject(new Error("planted"));
  const cases = [
    [{ generateKey: fail }, { alg: "ES512" }, "can't make a key for ES512"],
    [{ sign: fail }, {}, "doesn't sign"],
    [{ sign: fail }, { keyPair }, "doesn't sign"],
  ] as const;
  for (const [broken, options, message] of cases) {
    Object.assign(crypto.subtle, broken);
    try {
      await assertFails(() => dpop(options).proof(target), message);
    } finally {
      Object.assign(crypto.subtle, { generateKey, sign });
    }
  }
});

Deno.test("proof, noteNonce: refuse invalid arguments", async () => {
  const proofs = dpop();
  const wrong: [unknown, string][] = [
    [{ method: "", url: target.url }, "method must be"],
    [{ url: target.url }, "method must be"],
    [{ method: "GET", url: "/x" }, "url must be"],
    [{ method: "GET", url: "https://user:planted@api.example.com" }, "user name and password"],
    [{ ...target, accessToken: "" }, "accessToken must be"],
    [{ ...target, accessToken: 7 }, "accessToken must be"],
  ];
  for (const [given, message] of wrong) {
    assertHides(await assertRejects(() => proofs.proof(given as typeof target), TypeError, message), ["planted"]);
  }
  assertThrows(() => proofs.noteNonce("/x", "nonce"), TypeError, "url must be");
});

Deno.test("dpop: nothing printed shows an extractable key", async () => {
  await using scene = await startScene({ serverNonces: true });
  for (const alg of ["ES256", "Ed25519", "RS256"]) {
    const keyPair = await generateKeyPair(alg, { extractable: true });
    const { d, p = d, q = d } = await exportJWK(keyPair.privateKey);
    const events: unknown[] = [];
    const proofs = dpop({ keyPair });
    const client = scene.client({ dpop: proofs, onEvent: (event) => events.push(event) });
    await getStatus(client.fetch("/x"));
    const refused = await assertRejects(() => scene.client({ clientId: "unknown", dpop: proofs }).fetch("/x"));

    for (const value of [proofs, client, events, refused]) assertHides(value, [d!, p!, q!]);
    assertEquals(Deno.inspect(proofs), 'Dpop { tokenTypes: [ "DPoP" ] }');
  }
});
