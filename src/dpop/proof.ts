/**
 * Makes a proof: a JWT about one request (RFC 9449 §4.2).
 *
 * @module
 */

import { base64url, CompactSign } from "jose";
import type { ProofKey } from "./key_pair.ts";

/** What a proof is about. */
export interface ProofTarget {
  /** The method of the request, as it is sent. */
  readonly method: string;
  /** The URL of the request. Its query and fragment are left off. */
  readonly url: string | URL;
  /** The access token the request carries. Default: none, as at a token endpoint. */
  readonly accessToken?: string | undefined;
}

/** A proof for one sending: another one, of the same request too, takes another proof. `now` in milliseconds. */
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
    ...accessToken !== undefined && { ath: await hashOf(accessToken) },
    ...nonce !== undefined && { nonce },
  };
  return await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ typ: "dpop+jwt", alg, jwk })
    .sign(privateKey);
}

async function hashOf(accessToken: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(accessToken));
  return base64url.encode(new Uint8Array(digest));
}
