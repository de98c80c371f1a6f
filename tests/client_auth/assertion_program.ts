/**
 * Gets tokens by assertions of every algorithm, form of a key and audience. For all runtimes.
 *
 * @module
 */

import { type ClientAuth, getToken } from "@m2m/authenticator";
import { clientAssertion } from "@m2m/authenticator/client-auth/client-assertion";
import { clientSecretJwt } from "@m2m/authenticator/client-auth/client-secret-jwt";
import { privateKeyJwt } from "@m2m/authenticator/client-auth/private-key-jwt";
import { importPKCS8, SignJWT } from "jose";
import type { TestKey } from "./signing_keys.ts";

/** Keys are text, or made of it here: a `CryptoKey` can't be sent as JSON. */
export interface ProgramInput {
  readonly issuer: string;
  readonly tokenEndpoint: string;
  readonly keys: readonly Pick<TestKey, "alg" | "pem" | "privateJwk">[];
  readonly secret: string;
}

/** By attempt: `"Bearer"`, or the error. */
export type ProgramOutput = Record<string, string>;

export async function tryAssertions({ issuer, tokenEndpoint, keys, secret }: ProgramInput): Promise<ProgramOutput> {
  const output: ProgramOutput = {};
  const attempt = async (what: string, clientId: string, make: () => ClientAuth | Promise<ClientAuth>) => {
    try {
      const clientAuth = await make();
      output[`${clientId}, ${what}`] = (await getToken(tokenEndpoint, { issuer, clientId, clientAuth })).tokenType;
    } catch (error) {
      output[`${clientId}, ${what}`] = String(error);
    }
  };
  const audience = "token-endpoint";
  for (const { alg, pem, privateJwk } of keys) {
    const kid = privateJwk.kid!;
    await attempt("PEM", alg, () => privateKeyJwt(pem, { alg }));
    await attempt("JWK", alg, () => privateKeyJwt(privateJwk, { alg }));
    await attempt("JSON", alg, () => privateKeyJwt(JSON.stringify(privateJwk), { alg }));
    await attempt("{ key, kid }", alg, () => privateKeyJwt({ key: pem, kid }, { alg }));
    await attempt("a function", alg, () => privateKeyJwt(() => privateJwk, { alg }));
    // Its algorithm is known but for Ed25519, which has two names.
    const options = alg === "Ed25519" ? { kid, alg } : { kid };
    await attempt("CryptoKey", alg, async () => privateKeyJwt(await importPKCS8(pem, alg), options));
    await attempt("token endpoint as audience", alg, () => privateKeyJwt(pem, { alg, audience }));
    await attempt("a ready assertion", alg, () =>
      clientAssertion(async () => {
        const claims = { iss: alg, sub: alg, aud: issuer, jti: crypto.randomUUID() };
        const token = new SignJWT(claims).setProtectedHeader({ alg }).setExpirationTime("1 minute");
        return `${await token.sign(await importPKCS8(pem, alg))}\r\n`;
      }));
  }
  for (const alg of ["HS256", "HS384", "HS512"] as const) {
    await attempt("a secret", alg, () => clientSecretJwt(secret, { alg }));
    await attempt(
      "token endpoint as audience",
      alg,
      () => clientSecretJwt(() => Promise.resolve(secret), { alg, audience }),
    );
  }
  return output;
}
