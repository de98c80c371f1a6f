/** The signers of key management services, by clients that answer as the services' documents say. */

import { assertEquals } from "@std/assert";
import { getToken } from "@m2m/authenticator";
import { type ExternalSigner, privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { compactVerify, importJWK } from "jose";
import { awsKmsSigner, azureKeyVaultSigner, googleKmsSigner } from "../../examples/key_services.ts";
import { testKey } from "../client_auth/signing_keys.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

const { pem, publicJwk, cryptoKey } = await testKey("ES256");
const privateKey = createPrivateKey(pem);
const publicKey = createPublicKey(privateKey);
const digests = new Map<string, Uint8Array>();
const digest = (data: Uint8Array) => createHash("sha256").update(data).digest();
const der = (data: Uint8Array) => new Uint8Array(sign("sha256", data, privateKey));
const [kid, keyId] = ["2026-11", "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/1"];

const signers: Readonly<Record<string, () => ExternalSigner | Promise<ExternalSigner>>> = {
  "AWS KMS": () =>
    awsKmsSigner(
      {
        getPublicKey: () => Promise.resolve({ PublicKey: publicKey.export({ type: "spki", format: "der" }) }),
        sign: ({ KeyId, Message, MessageType, SigningAlgorithm }, { abortSignal }) => {
          assertEquals([KeyId, MessageType, SigningAlgorithm], [keyId, "RAW", "ECDSA_SHA_256"]);
          assertEquals([Message.length <= 4096, abortSignal.aborted], [true, false]);
          return Promise.resolve({ Signature: der(Message) });
        },
      },
      keyId,
      { kid },
    ),
  "Google Cloud KMS": () =>
    googleKmsSigner(
      {
        getPublicKey: () => Promise.resolve([{ pem: String(publicKey.export({ type: "spki", format: "pem" })) }]),
        asymmetricSign: ({ name, digest: { sha256 } }) => {
          assertEquals(name, keyId);
          // A stand-in can't sign a digest by `node:crypto`: it knows the data of it.
          return Promise.resolve([{ signature: der(digests.get(sha256.join())!) }]);
        },
      },
      keyId,
      { kid },
    ),
  "Azure Key Vault": () => {
    const [x, y] = [publicJwk.x!, publicJwk.y!].map((part) => new Uint8Array(Buffer.from(part, "base64url")));
    const parameters = { name: "ECDSA", hash: "SHA-256" };
    const signData = async (alg: string, data: Uint8Array) => {
      assertEquals(alg, "ES256");
      return { result: new Uint8Array(await crypto.subtle.sign(parameters, cryptoKey, data.slice())) };
    };
    return azureKeyVaultSigner({ signData }, { key: { x: x!, y: y! } }, { kid });
  },
};
for (const [service, make] of Object.entries(signers)) {
  Deno.test(`key_services.ts: a key in ${service} signs assertions`, async () => {
    const { url, fetch, requests } = tokenEndpointStub();
    const signer = await make();
    const clientAuth = privateKeyJwt({
      ...signer,
      sign(data, options) {
        digests.set(digest(data).join(), data);
        return signer.sign(data, options);
      },
    });
    await getToken(url, { clientId: "id", clientAuth, fetch });
    const assertion = requests[0]!.form.get("client_assertion")!;
    assertEquals((await compactVerify(assertion, await importJWK(publicJwk, "ES256"))).protectedHeader.kid, kid);
  });
}
