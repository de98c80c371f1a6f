import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { AuthenticationError } from "@m2m/authenticator";
import { type Dpop, dpop, type DpopOptions, type PrivateKeyAlgorithm } from "@m2m/authenticator/dpop";
import { calculateJwkThumbprint, EmbeddedJWK, exportJWK, generateKeyPair, jwtVerify } from "jose";
import { algorithms } from "../client_auth/signing_keys.ts";
import { assertHides } from "../client_auth/showing.ts";
import { startScene } from "./scene.ts";

const target = { method: "GET", url: "https://api.example.com/x" };

for (const alg of algorithms) {
  Deno.test(`a key for ${alg} is made, or taken, and servers know its proofs`, async () => {
    await using scene = await startScene();
    for (const options of [{ alg }, { alg, keyPair: await generateKeyPair(alg) }]) {
      const proofs = dpop(options);
      const { protectedHeader } = await jwtVerify(await proofs.proof(target), EmbeddedJWK, { typ: "dpop+jwt" });
      assertEquals([protectedHeader.alg, "d" in protectedHeader.jwk!], [alg, false]);

      const response = await scene.client({ dpop: proofs }).fetch("/x");
      await response.body?.cancel();
      assertEquals(response.status, 200);
    }
  });
}

Deno.test("a key pair says by which algorithm it signs", async () => {
  for (const alg of ["ES384", "PS256", "EdDSA"] as const) {
    const proofs = dpop({ keyPair: await generateKeyPair(alg) });
    const { protectedHeader } = await jwtVerify(await proofs.proof(target), EmbeddedJWK);
    assertEquals(protectedHeader.alg, alg);
  }
});

Deno.test("a function is asked for the key pair when it is first needed, and not again", async () => {
  let asked = 0;
  const keyPair = await generateKeyPair("ES256");
  const proofs = dpop({ keyPair: () => (asked++, Promise.resolve(keyPair)) });
  assertEquals(asked, 0);

  await proofs.proof(target);
  await proofs.proof(target);

  assertEquals(asked, 1);
});

/** What twenty callers see of the key, who come at the same time, when nobody has had it yet. */
async function seenByTwenty(proofs: Dpop): Promise<string[]> {
  return await Promise.all(Array.from({ length: 20 }, async (_, i) => {
    if (i % 2) return await proofs.thumbprint();
    const { protectedHeader: { jwk } } = await jwtVerify(await proofs.proof(target), EmbeddedJWK);
    return await calculateJwkThumbprint(jwk!);
  }));
}

Deno.test("callers who are first at the same time get the same key", async () => {
  assertEquals(new Set(await seenByTwenty(dpop())).size, 1);
});

Deno.test("callers who are first at the same time ask once, and the key they use is the one that is kept", async () => {
  let asked = 0;
  let kept: CryptoKeyPair | undefined;
  const proofs = dpop({
    async keyPair() {
      asked++;
      const made = await generateKeyPair("ES256");
      await new Promise((resolve) => setTimeout(resolve));
      return kept = made;
    },
  });

  const seen = await seenByTwenty(proofs);

  assertEquals(asked, 1);
  assertEquals([...new Set(seen)], [await calculateJwkThumbprint(await exportJWK(kept!.publicKey))]);
});

Deno.test("two keys that are no pair make no proof, for nobody could verify it", async () => {
  for (const alg of algorithms) {
    const [{ privateKey }, { publicKey }] = await Promise.all([generateKeyPair(alg), generateKeyPair(alg)]);
    for (const keyPair of [{ privateKey, publicKey }, () => ({ privateKey, publicKey })]) {
      const proofs = dpop({ keyPair });
      for (const use of [() => proofs.proof(target), () => proofs.thumbprint()]) {
        const error = await assertRejects(use, AuthenticationError, "keyPair must hold two keys of one pair");
        assertEquals([error.code, error.retryable, error.cause], ["proof_failed", false, undefined]);
      }
    }
  }
});

Deno.test("a public key needn't be one that may verify", async () => {
  for (const alg of algorithms) {
    const { privateKey, publicKey } = await generateKeyPair(alg);
    const jwk = await exportJWK(publicKey) as JsonWebKey;
    const shown = await crypto.subtle.importKey("jwk", jwk, publicKey.algorithm, true, []);

    assertEquals((await dpop({ keyPair: { privateKey, publicKey: shown } }).thumbprint()).length, 43);
  }
});

Deno.test("options that can't be what they should be are refused at once", async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256", { extractable: true });
  const others = await generateKeyPair("ES384");
  const hmac = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
  const ecdh = await crypto.subtle.generateKey({ name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
  const rsa = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", publicExponent: new Uint8Array([1, 0, 1]) };
  const short = await crypto.subtle.generateKey({ ...rsa, modulusLength: 1024 }, false, ["sign", "verify"]);
  const hidden = await crypto.subtle.importKey(
    "jwk",
    await exportJWK(publicKey) as JsonWebKey,
    publicKey.algorithm,
    false,
    [
      "verify",
    ],
  );
  const wrong: [unknown, string][] = [
    [{ alg: "HS256" }, "alg must be one of"],
    [{ alg: "none" }, "alg must be one of"],
    [{ alg: "ES384", keyPair: { privateKey, publicKey } }, "This P-256 key can't sign by ES384"],
    [{ keyPair: privateKey }, "keyPair must be a CryptoKeyPair"],
    [{ keyPair: hmac }, "keyPair must be a CryptoKeyPair"],
    [{ keyPair: null }, "keyPair must be a CryptoKeyPair"],
    [{ keyPair: "planted" }, "keyPair must be a CryptoKeyPair"],
    [{ keyPair: { privateKey, publicKey: privateKey } }, "keyPair must be a CryptoKeyPair"],
    [{ keyPair: { privateKey, publicKey: others.publicKey } }, "two keys of one pair"],
    [{ keyPair: ecdh }, "two keys of one pair"],
    [{ keyPair: short }, "1024 bits"],
    [{ keyPair: { privateKey, publicKey: hidden } }, "must be extractable"],
  ];
  for (const [options, message] of wrong) {
    const error = assertThrows(() => dpop(options as DpopOptions), TypeError, message);
    assertHides(error, ["planted", (await exportJWK(privateKey)).d!]);
  }
});

Deno.test("a function that gives no usable key pair makes an error with its own as the cause", async () => {
  const gone = new Error("the vault is gone");
  const wrong: [() => unknown, string, unknown][] = [
    [() => Promise.reject(gone), "the function keyPair failed. See the cause.", gone],
    [() => undefined, "keyPair must be a CryptoKeyPair", undefined],
    [() => generateKeyPair("ES384"), "This P-384 key can't sign by ES256", undefined],
  ];
  await using scene = await startScene();
  for (const [keyPair, message, cause] of wrong) {
    const proofs = dpop({ alg: "ES256", keyPair: keyPair as () => Promise<CryptoKeyPair> });
    for (const use of [() => proofs.proof(target), () => scene.client({ dpop: proofs }).fetch("/x")]) {
      const error = await assertRejects(use, AuthenticationError, message);
      assertEquals([error.code, error.retryable, error.cause], ["proof_failed", false, cause]);
    }
  }
  assertEquals(scene.sent.length, 0);
});

Deno.test("a key that failed to come is asked for again", async () => {
  let asked = 0;
  const proofs = dpop({ keyPair: () => ++asked === 1 ? Promise.reject(new Error("busy")) : generateKeyPair("ES256") });

  const failed = await Promise.allSettled(Array.from({ length: 20 }, () => proofs.thumbprint()));
  assertEquals([failed.every(({ status }) => status === "rejected"), asked], [true, 1]);
  assertEquals([(await proofs.thumbprint()).length, asked], [43, 2]);
});

Deno.test("what the runtime can't sign is told by algorithm, without the runtime's own words", async () => {
  const { generateKey, sign } = crypto.subtle;
  try {
    crypto.subtle.generateKey = (() => Promise.reject(new Error("planted"))) as typeof generateKey;
    const none = await assertRejects(() => dpop({ alg: "ES512" }).thumbprint(), AuthenticationError);
    assertEquals(
      none.message,
      "Cannot make a DPoP proof: this runtime can't make a key for ES512. Use another keyPair, or another alg.",
    );
    assertHides(none, ["planted"]);
    crypto.subtle.generateKey = generateKey;
    crypto.subtle.sign = () => Promise.reject(new Error("planted"));
    for (const options of [{}, { keyPair: await generateKeyPair("ES256") }]) {
      const error = await assertRejects(() => dpop(options).proof(target), AuthenticationError, "its key doesn't sign");
      assertEquals(error.code, "proof_failed");
      assertHides(error, ["planted"]);
    }
  } finally {
    Object.assign(crypto.subtle, { generateKey, sign });
  }
});

Deno.test("what is asked of a proof by hand is checked", async () => {
  const proofs = dpop();
  const wrong: [unknown, string][] = [
    [{ method: "", url: target.url }, "method must be"],
    [{ url: target.url }, "method must be"],
    [{ method: "GET", url: "/x" }, "url must be an absolute URL"],
    [
      { method: "GET", url: "https://user:planted@api.example.com" },
      "url must be an absolute URL, without user name and password",
    ],
    [{ method: "GET", url: target.url, accessToken: "" }, "accessToken must be"],
    [{ method: "GET", url: target.url, accessToken: 7 }, "accessToken must be"],
  ];
  for (const [asked, message] of wrong) {
    const error = await assertRejects(() => proofs.proof(asked as typeof target), TypeError, message);
    assertHides(error, ["planted"]);
  }
  assertThrows(() => proofs.noteNonce("/x", "nonce"), TypeError, "url must be");
});

Deno.test("what is printed shows no key, of one that can be taken out either", async () => {
  for (const alg of ["ES256", "Ed25519", "RS256"] satisfies PrivateKeyAlgorithm[]) {
    const keyPair = await generateKeyPair(alg, { extractable: true });
    const { d, p, q } = await exportJWK(keyPair.privateKey);
    const secrets = [d, p, q].filter((secret) => secret !== undefined);
    await using scene = await startScene({ serverNonces: true });
    const events: unknown[] = [];
    const proofs = dpop({ keyPair });
    const client = scene.client({ dpop: proofs, onEvent: (event) => events.push(event) });
    await (await client.fetch("/x")).body?.cancel();
    const refused = await assertRejects(() => scene.client({ clientId: "nobody", dpop: proofs }).fetch("/x"));

    for (const value of [proofs, client, events, refused]) assertHides(value, secrets);
    assertEquals(Deno.inspect(proofs), 'Dpop { tokenTypes: [ "DPoP" ] }');
  }
});
