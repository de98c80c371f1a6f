/**
 * Signs a client assertion (RFC 7523 §3), as a compact JWS.
 *
 * @module
 */

import { CompactSign } from "jose";
import { AuthenticationError } from "../errors.ts";
import { assertionClaims, type AssertionOptions } from "./assertion_claims.ts";
import { jwtBearer, putAssertion } from "./assertion_parameters.ts";
import type { TokenRequest } from "./client_auth.ts";

/** What signs an assertion. */
export interface AssertionSigner {
  readonly alg: string;
  readonly kid?: string | undefined;
  readonly key: CryptoKey | Uint8Array;
}

/**
 * Signs an assertion for a request, and puts it there. `prepare` throws nothing but errors whose message may be shown.
 * None is passed on as a cause: signing is others' code, and has seen the key.
 */
export async function putSignedAssertion(
  request: TokenRequest,
  options: AssertionOptions,
  prepare: () => AssertionSigner | Promise<AssertionSigner>,
): Promise<void> {
  const [claims, { alg, kid, key }] = await orExplain(
    async () => [assertionClaims(request, options), await prepare()] as const,
    (error) => (error as TypeError).message,
  );
  const header = { ...options.header, alg, ...kid !== undefined && { kid } };
  const payload = new TextEncoder().encode(JSON.stringify(claims));
  const assertion = await orExplain(
    () => new CompactSign(payload).setProtectedHeader(header).sign(key),
    () => "The key doesn't sign, or header holds what can't stand there.",
  );
  putAssertion(request, assertion, jwtBearer);
}

async function orExplain<T>(work: () => Promise<T>, explain: (error: unknown) => string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new AuthenticationError("client_auth_failed", `Cannot sign the client assertion. ${explain(error)}`);
  }
}
