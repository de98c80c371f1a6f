/**
 * Asks a real server for tokens by every method, algorithm and form of a key that a runtime knows: for runtimes that
 * get one file and an address.
 *
 * @module
 */

import { type ClientAuth, getToken } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { SignJWT } from "jose";
import type { TestKey } from "./signing_keys.ts";

/** What a program is told. Keys can't be handed over as such: Web Crypto's are made of the others. */
export interface ProgramInput {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly keys: readonly Pick<TestKey, "alg" | "pem" | "privateJwk">[];
  readonly secret: string;
}

/** By method and algorithm, and form of the key: `"Bearer"`, or what went wrong. */
export type ProgramOutput = Record<string, string>;

export async function tryMethods({ issuer, tokenEndpoint, keys, secret }: ProgramInput): Promise<ProgramOutput> {
  const output: ProgramOutput = {};
  const attempt = async (what: string, clientId: string, make: () => ClientAuth | Promise<ClientAuth>) => {
    try {
      const clientAuth = await make();
      output[what] = (await getToken(tokenEndpoint, { issuer, clientId, clientAuth })).tokenType;
    } catch (error) {
      output[what] = String(error);
    }
  };
  for (const { alg, pem, privateJwk } of keys) {
    await attempt(`private_key_jwt ${alg}, PEM`, alg, () => privateKeyJwt(pem, { alg }));
    await attempt(`private_key_jwt ${alg}, JWK`, alg, () => privateKeyJwt(privateJwk, { alg }));
    await attempt(`private_key_jwt ${alg}, CryptoKey`, alg, async () => privateKeyJwt(await keyOf(alg, pem), { alg }));
    await attempt(`client assertion by ${alg}`, alg, () =>
      clientAssertion(async () => {
        const claims = { iss: alg, sub: alg, aud: issuer, jti: crypto.randomUUID() };
        const token = new SignJWT(claims).setProtectedHeader({ alg }).setExpirationTime("1 minute");
        return await token.sign(await keyOf(alg, pem));
      }));
  }
  for (const alg of ["HS256", "HS384", "HS512"] as const) {
    await attempt(`client_secret_jwt ${alg}`, alg, () => clientSecretJwt(secret, { alg }));
  }
  return output;
}

const families: Readonly<Record<string, string>> = {
  RS: "RSASSA-PKCS1-v1_5",
  PS: "RSA-PSS",
  ES: "ECDSA",
  Ed: "Ed25519",
};
const curves: Readonly<Record<string, string>> = { "256": "P-256", "384": "P-384", "512": "P-521" };

/** A key that can't be taken out again. */
async function keyOf(alg: string, pem: string): Promise<CryptoKey> {
  const der = Uint8Array.from(atob(pem.replace(/-----.*?-----|\s/g, "")), (character) => character.charCodeAt(0));
  const bits = alg.slice(2);
  const algorithm = { name: families[alg.slice(0, 2)]!, hash: `SHA-${bits}`, namedCurve: curves[bits] ?? "" };
  return await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
}
