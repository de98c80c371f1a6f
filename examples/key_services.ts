/**
 * Keys in a key management service: each function makes a signer of an SDK's client, for `privateKeyJwt`, `dpop` and
 * `signedAssertion`. The key never leaves the service.
 *
 * Not tried against the services themselves: the tests run each against a client that answers as the documents say.
 *
 *     npx jsr add @m2m/authenticator
 *     npm install @aws-sdk/client-kms            # or @google-cloud/kms, or @azure/keyvault-keys @azure/identity
 *
 *     const kms = new KMS();                     // of @aws-sdk/client-kms
 *     const signer = await awsKmsSigner(kms, "alias/my-client", { kid: "2026-11" });
 *     const authenticator = new ClientCredentialsAuthenticator({ clientAuth: privateKeyJwt(signer), … });
 */
import { encodeBase64Url } from "@std/encoding/base64url";
import { convertDerSignature, type ExternalSigner } from "@m2m/authenticator/client-auth/private-key-jwt";

/** The key's `kid` at the authorization server. All three sign by ECDSA on P-256 with SHA-256. */
interface KeyName {
  readonly kid: string;
}

const importPublicKey = (spki: BufferSource) =>
  crypto.subtle.importKey("spki", spki, { name: "ECDSA", namedCurve: "P-256" }, true, ["verify"]);

/** The part of `KMS` of `@aws-sdk/client-kms` that is used. */
export interface AwsKms {
  getPublicKey(input: { KeyId: string }): Promise<{ PublicKey?: Uint8Array | undefined }>;
  sign(
    input: { KeyId: string; Message: Uint8Array; MessageType: "RAW"; SigningAlgorithm: "ECDSA_SHA_256" },
    options: { abortSignal: AbortSignal },
  ): Promise<{ Signature?: Uint8Array | undefined }>;
}

/**
 * AWS KMS, for a key of `ECC_NIST_P256`; the program needs `kms:Sign` and `kms:GetPublicKey`. Its signatures are DER:
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_Sign.html
 */
export async function awsKmsSigner(kms: AwsKms, keyId: string, { kid }: KeyName): Promise<ExternalSigner> {
  const { PublicKey } = await kms.getPublicKey({ KeyId: keyId });
  return {
    ...{ alg: "ES256", kid, publicKey: await importPublicKey(PublicKey!.slice()) },
    async sign(Message, { signal }) {
      const input = { KeyId: keyId, Message, MessageType: "RAW", SigningAlgorithm: "ECDSA_SHA_256" } as const;
      const { Signature } = await kms.sign(input, { abortSignal: signal });
      return convertDerSignature(Signature!, "ES256");
    },
  };
}

/** The part of `KeyManagementServiceClient` of `@google-cloud/kms` that is used. */
export interface GoogleKms {
  getPublicKey(request: { name: string }): Promise<[{ pem?: string | null }, ...unknown[]]>;
  asymmetricSign(
    request: { name: string; digest: { sha256: Uint8Array } },
  ): Promise<[{ signature?: Uint8Array | string | null }, ...unknown[]]>;
}

/**
 * Google Cloud KMS, for a version of a key of `EC_SIGN_P256_SHA256`; the program needs the role
 * `roles/cloudkms.signerVerifier`. It signs a digest, and its signatures are DER:
 * https://docs.cloud.google.com/kms/docs/create-validate-signatures
 *
 * @param name `projects/…/locations/…/keyRings/…/cryptoKeys/…/cryptoKeyVersions/1`
 */
export async function googleKmsSigner(kms: GoogleKms, name: string, { kid }: KeyName): Promise<ExternalSigner> {
  const [{ pem }] = await kms.getPublicKey({ name });
  const der = atob(pem!.replace(/-----[^-]+-----|\s/g, ""));
  return {
    ...{ alg: "ES256", kid, publicKey: await importPublicKey(Uint8Array.from(der, (sign) => sign.charCodeAt(0))) },
    async sign(data) {
      const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
      const [{ signature }] = await kms.asymmetricSign({ name, digest: { sha256 } });
      return convertDerSignature(signature as Uint8Array, "ES256");
    },
  };
}

/** The part of `CryptographyClient` of `@azure/keyvault-keys` that is used. */
export interface AzureCryptography {
  signData(
    algorithm: "ES256",
    data: Uint8Array,
    options: { abortSignal: AbortSignal },
  ): Promise<{ result: Uint8Array }>;
}

/**
 * Azure Key Vault and Managed HSM, for a key of `P-256`; the program needs `keys/sign` and `keys/get`. Its signatures are
 * as a JWS holds them: https://learn.microsoft.com/rest/api/keyvault/keys/sign/sign
 *
 * @param key What `KeyClient.getKey` returns. Its public key is bytes, not base64url.
 */
export function azureKeyVaultSigner(
  client: AzureCryptography,
  { key }: { readonly key?: { x?: Uint8Array; y?: Uint8Array } },
  { kid }: KeyName,
): ExternalSigner {
  const [x, y] = [key!.x!, key!.y!].map((part) => encodeBase64Url(part.slice()));
  return {
    ...{ alg: "ES256", kid, publicKey: { kty: "EC", crv: "P-256", x: x!, y: y! } },
    async sign(data, { signal }) {
      return (await client.signData("ES256", data, { abortSignal: signal })).result.slice();
    },
  };
}
