/**
 * A DPoP proof: a JWT about one request (RFC 9449 §4.2).
 *
 * @module
 */

import { encodeBase64Url } from "@std/encoding/base64url";
import { signCompact } from "../jwt/compact_jws.ts";
import type { ProofKey } from "./key_pair.ts";

/** Describes the request that a proof is for. */
export interface ProofTarget {
  /** The method, as it is sent. */
  readonly method: string;
  /** The URL. The proof leaves out query and fragment. */
  readonly url: string | URL;
  /** The access token in the request; none in a token request. */
  readonly accessToken?: string | undefined;
  /** Ends the work of a signer whose key is elsewhere. Default: it takes the time that it takes. */
  readonly signal?: AbortSignal | undefined;
}

/** Signs a proof for one request; `now` in milliseconds. */
export async function signProof(
  { alg, open, jwk }: ProofKey,
  { method, url, accessToken, signal = new AbortController().signal }: ProofTarget,
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
  return await signCompact({ typ: "dpop+jwt", alg, jwk }, claims, open(signal));
}

async function hashToken(accessToken: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(accessToken));
  return encodeBase64Url(digest);
}
