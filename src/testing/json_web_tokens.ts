/**
 * The JWTs of test servers: keys, signatures, and proofs of possession.
 *
 * @module
 */

import {
  base64url,
  calculateJwkThumbprint,
  createLocalJWKSet,
  decodeProtectedHeader,
  EmbeddedJWK,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
  SignJWT,
} from "jose";

/** A key that signs access tokens; it is made when it is first needed. */
export class KeySet {
  #number = 1;
  #pair: ReturnType<typeof generateKeyPair> | undefined;

  /** The identifier of the key in use. */
  get kid(): string {
    return `test-key-${this.#number}`;
  }

  get pair(): ReturnType<typeof generateKeyPair> {
    return this.#pair ??= generateKeyPair("ES256");
  }

  /** Takes another key. */
  rotate(): void {
    this.#number++;
    this.#pair = undefined;
  }

  /** The public key (RFC 7517 §5). */
  async publish(): Promise<{ keys: object[] }> {
    const { publicKey } = await this.pair;
    return { keys: [{ ...await exportJWK(publicKey), kid: this.kid, alg: "ES256", use: "sig" }] };
  }
}

/** Signs an access token (RFC 9068 §2), or a JWT of another type. */
export async function signJwt(keys: KeySet, claims: JWTPayload, typ = "at+jwt"): Promise<string> {
  const { kid } = keys;
  const { privateKey } = await keys.pair;
  return await new SignJWT(claims).setProtectedHeader({ typ, alg: "ES256", kid }).sign(privateKey);
}

/** What verifies an assertion. */
export interface AssertionKeys {
  /** Verifies HMAC signatures. */
  readonly secrets?: readonly string[] | undefined;
  /** Verifies all others. */
  readonly jwks?: readonly JsonWebKey[] | undefined;
}

/** Verifies an assertion's signature and claims; throws an error of jose's. */
export async function verifyAssertion(
  assertion: string,
  { secrets = [], jwks = [] }: AssertionKeys,
  options: JWTVerifyOptions,
): Promise<{ readonly claims: JWTPayload; readonly isBySecret: boolean }> {
  const rules = { requiredClaims: ["exp"], ...options };
  const isBySecret = decodeProtectedHeader(assertion).alg?.startsWith("HS") === true;
  const keys = isBySecret ? secrets.map((secret) => new TextEncoder().encode(secret)) : [jwks];
  let fault: unknown = new Error("the client has no secret");
  for (const key of keys) {
    try {
      const { payload: claims } = key instanceof Uint8Array
        ? await jwtVerify(assertion, key, rules)
        : await jwtVerify(assertion, createLocalJWKSet({ keys: [...key] as JWK[] }), rules);
      return { claims, isBySecret };
    } catch (error) {
      fault = error;
    }
  }
  throw fault;
}

/** What a proof must be about. */
export interface ProofExpectations {
  readonly method: string;
  readonly url: string;
  readonly now: Date;
  readonly accessToken?: string | undefined;
}

/** Verifies a DPoP proof (RFC 9449 §4.3) but for its nonce; throws what is wrong with it. */
export async function verifyProof(
  proof: string,
  { method, url, now, accessToken }: ProofExpectations,
): Promise<{ jkt: string; jti: string; nonce: unknown }> {
  const rules = { typ: "dpop+jwt", currentDate: now, maxTokenAge: 300, clockTolerance: 5 };
  const { payload: { htm, htu, jti, ath, nonce }, protectedHeader: { jwk } } = await jwtVerify(
    proof,
    EmbeddedJWK,
    rules,
  );
  const { origin, pathname } = new URL(url);
  const expected = { htm: method, htu: origin + pathname, ath: accessToken && await hashToken(accessToken) };
  for (const [name, value] of Object.entries(expected)) {
    if (value !== { htm, htu, ath }[name]) throw new Error(`the claim ${name} is about something else`);
  }
  if (typeof jti !== "string") throw new Error("there is no jti");
  return { jkt: await calculateJwkThumbprint(jwk!), jti, nonce };
}

async function hashToken(token: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token))));
}
