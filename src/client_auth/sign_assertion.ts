/**
 * Signs an assertion (RFC 7523 §3), as a compact JWS.
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

/** What is signed, and by what. */
export interface AssertionToSign {
  readonly claims: object;
  readonly signer: AssertionSigner;
}

/** Signs an assertion for a request, and puts it there. Throws as {@linkcode signAssertion} does. */
export async function putSignedAssertion(
  request: TokenRequest,
  options: AssertionOptions,
  prepare: () => AssertionSigner | Promise<AssertionSigner>,
): Promise<void> {
  const assertion = await signAssertion("client assertion", options, async () => ({
    claims: assertionClaims(request, options),
    signer: await prepare(),
  }));
  putAssertion(request, assertion, jwtBearer);
}

/**
 * Signs an assertion, which messages call by its `name`. `prepare` throws nothing but errors whose message may be shown.
 * None is passed on as a cause: signing is others' code, and has seen the key.
 */
export async function signAssertion(
  name: string,
  options: Pick<AssertionOptions, "header">,
  prepare: () => Promise<AssertionToSign>,
): Promise<string> {
  const { claims, signer: { alg, kid, key } } = await orExplain(name, prepare, (error) => (error as TypeError).message);
  const header = { ...options.header, alg, ...kid !== undefined && { kid } };
  const payload = new TextEncoder().encode(JSON.stringify(claims));
  return await orExplain(
    name,
    () => new CompactSign(payload).setProtectedHeader(header).sign(key),
    () => "The key doesn't sign, or header holds what can't stand there.",
  );
}

async function orExplain<T>(name: string, work: () => Promise<T>, explain: (error: unknown) => string): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new AuthenticationError("client_auth_unavailable", `Cannot sign the ${name}. ${explain(error)}`);
  }
}
