/**
 * Signs an assertion (RFC 7523 §3), as a compact JWS.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import { signCompact, type SigningMaterial } from "../jwt/compact_jws.ts";
import { SignerFailure } from "../jwt/external_signer.ts";
import type { ServerClock, ServerClocks } from "../jwt/server_clocks.ts";
import { describeMissing } from "../jwt/web_crypto.ts";
import { assertionClaims, type AssertionOptions } from "./assertion_claims.ts";
import { jwtBearer, putAssertion } from "./assertion_parameters.ts";
import type { TokenRequest } from "./client_auth.ts";

/** The key that signs an assertion. */
export interface AssertionSigner {
  readonly alg: string;
  readonly kid?: string | undefined;
  readonly key: SigningMaterial;
}

/** The claims to sign, and the key. */
export interface AssertionToSign {
  readonly claims: object;
  readonly signer: AssertionSigner;
}

/** Signs an assertion, and adds it to a request. Throws as {@linkcode signAssertion} does. */
export async function putSignedAssertion(
  request: TokenRequest,
  { options, clocks }: { readonly options: AssertionOptions; readonly clocks: ServerClocks },
  prepare: () => AssertionSigner | Promise<AssertionSigner>,
): Promise<void> {
  const clock = clocks.at(request.tokenEndpoint);
  const assertion = await signAssertion("client assertion", options, async () => ({
    claims: assertionClaims(request, { ...options, clock }),
    signer: await prepare(),
  }));
  putAssertion(request, assertion, jwtBearer);
  followAnswer(request, clock, request.credential);
}

/**
 * Lets the clock learn from the answer, and the error of a refusal say that it is off: assertions are refused for that as
 * for a wrong key. A request may have two assertions.
 */
export function followAnswer(request: TokenRequest, clock: ServerClock, key: string | undefined): void {
  const { accepted, explainRefusal } = request;
  request.accepted = () => {
    clock.accept(key);
    accepted?.();
  };
  request.explainRefusal = (...answer) => {
    const explanation = explainRefusal?.(...answer);
    const isOwn = !/dpop/.test(answer[0].error ?? "");
    return isOwn && clock.explain(...answer, key) || explanation;
  };
}

/**
 * Signs an assertion; `name` stands for it in messages. Messages of `prepare` are shown. No error becomes a `cause`: it
 * could show the key; but the error of an external signer is thrown as it is.
 */
export async function signAssertion(
  name: string,
  options: Pick<AssertionOptions, "header">,
  prepare: () => Promise<AssertionToSign>,
): Promise<string> {
  const missing = describeMissing("importKey", "sign", "digest");
  if (missing !== undefined) throw makeError(name, `It needs Web Crypto, and ${missing}.`);
  const { claims, signer: { alg, kid, key } } = await explainFailure(
    name,
    prepare,
    (error) => (error as TypeError).message,
  );
  const header = { ...options.header, alg, ...kid !== undefined && { kid } };
  return await explainFailure(
    name,
    () => signCompact(header, claims, key),
    (error) => {
      if (!(error instanceof SignerFailure)) return "The key doesn't sign, or header holds an invalid parameter.";
      if ("cause" in error) throw error.cause;
      return error.message;
    },
  );
}

async function explainFailure<T>(
  name: string,
  work: () => Promise<T>,
  explain: (error: unknown) => string,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw makeError(name, explain(error));
  }
}

function makeError(name: string, state: string): AuthenticationError {
  return new AuthenticationError("client_auth_unavailable", `Cannot sign the ${name}. ${state}`);
}
