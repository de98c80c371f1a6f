/**
 * Checks of what is about to be sent: keys that are looked up, and values made elsewhere, show their algorithm only there.
 *
 * @module
 */

import type { ClientAuth, TokenRequest } from "../client_auth/client_auth.ts";
import type { ProofOfPossession } from "../dpop/proof_of_possession.ts";
import { AuthenticationError } from "../errors.ts";
import { readJwt } from "../jwt/read_jwt.ts";

/** The algorithms that the profile allows (§5.4.1). `Ed25519` is the name of RFC 9864. */
export const algorithms: readonly string[] = ["PS256", "ES256", "EdDSA", "Ed25519"];

/** Explains an algorithm that isn't among them. */
export function explainAlgorithm(alg: unknown): string | undefined {
  return algorithms.includes(alg as string)
    ? undefined
    : `alg must be PS256, ES256 or EdDSA (§5.4.1), by FAPI 2.0: got ${/^\w+$/.test(String(alg)) ? alg : "another"}.`;
}

/** Checks each assertion before it is sent. */
export function watchAssertions(clientAuth: ClientAuth): ClientAuth {
  return {
    method: clientAuth.method,
    advice: clientAuth.advice,
    async authenticate(request) {
      await clientAuth.authenticate(request);
      const fault = findFault(request);
      if (fault) throw new AuthenticationError("client_auth_unavailable", `Cannot use the client assertion: ${fault}`);
    },
  };
}

function findFault({ body, issuer }: TokenRequest): string | undefined {
  const { header, claims } = readJwt(body.get("client_assertion") ?? "") ?? {};
  if (!header || !claims) return "it can't be read, so it can't be checked by FAPI 2.0.";
  return explainAlgorithm(header.alg) ??
    (issuer === undefined || claims.aud !== issuer
      ? "aud must be the issuer, a single string (§5.3.3.1, 5), by FAPI 2.0."
      : undefined);
}

/** Checks the proof of each token request; those of the API's calls are signed by the same key. */
export function watchProofs(dpop: ProofOfPossession): ProofOfPossession {
  return {
    tokenTypes: dpop.tokenTypes,
    tokenFetch: (fetch) =>
      dpop.tokenFetch((input, init) => {
        const proof = new Headers(init?.headers ?? (input instanceof Request ? input.headers : {})).get("dpop") ?? "";
        const fault = explainAlgorithm(readJwt(proof)?.header.alg);
        if (fault) throw new AuthenticationError("proof_failed", `Cannot use the DPoP proof: ${fault}`);
        return fetch(input, init);
      }),
    apiFetch: (...given) => dpop.apiFetch(...given),
    isAboutProof: (response) => dpop.isAboutProof(response),
    ...dpop.thumbprint && { thumbprint: () => dpop.thumbprint!() },
    ...dpop.explainRefusal && { explainRefusal: (refusal, response) => dpop.explainRefusal!(refusal, response) },
  };
}
