/**
 * A DPoP proof: a JWT about one request (RFC 9449 §4.2).
 *
 * @module
 */

import { base64url, CompactSign } from "jose";
import type { ProofKey } from "./key_pair.ts";

/** Describes the request that a proof is for. */
export interface ProofTarget {
  /** The method, as it is sent. */
  readonly method: string;
  /** The URL. The proof leaves out query and fragment. */
  readonly url: string | URL;
  /** The access token in the request; none in a token request. */
  readonly accessToken?: string | undefined;
}

/** Signs a proof for one request; `now` in milliseconds. */
export async function signProof(
  { alg, privateKey, jwk }: ProofKey,
  { method, url, accessToken }: ProofTarget,
  { now, nonce }: { now: number; nonce: string | undefined },
): Promise<string> {
  const { origin, pathname } = new URL(url);
  const claims = {
    jti: crypto.randomUUID(),
    htm: method,
    htu: origin + pathname,
    iat: Math.floor(now / 1000),
    ...accessToken !== undefined && { ath: await hashToken(accessToken) },
    ...nonce !== undefined && { nonce },
  };
  return await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ typ: "dpop+jwt", alg, jwk })
    .sign(privateKey);
}

async function hashToken(accessToken: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(accessToken));
  return base64url.encode(new Uint8Array(digest));
}
