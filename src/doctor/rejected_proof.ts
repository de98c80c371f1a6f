/**
 * Finds out why a DPoP proof is rejected (RFC 9449 §4.3).
 *
 * @module
 */

import { adviseOnClock, findClockEvidence } from "./clock_evidence.ts";
import type { Examination, Exchange, Finding } from "./examination.ts";
import type { OwnProofs } from "./own_proofs.ts";

/** A DPoP proof that was rejected, by the authorization server or the API. */
export interface RejectedProof {
  readonly examination: Examination;
  readonly own: OwnProofs;
  readonly answer: Exchange | undefined;
  readonly refusal: string;
  /** The name of the check. */
  readonly name: string;
}

/** Says that a nonce is required, and what came of the proof's repeat. `who` requires it. */
export function describeMissingNonce(who: string, refusal: string, hasNonce: boolean): string {
  return `${who} requires a nonce in DPoP proofs (${refusal}), ${
    hasNonce ? "and doesn't accept the one it has just sent" : "and its answer has no DPoP-Nonce header"
  }.`;
}

/** Says why a proof is rejected: the clock, the algorithm, or something else (RFC 9449 §4.3). */
export function explainRejectedProof({ examination, own, answer, refusal, name }: RejectedProof): Finding {
  const { clockOffset: offset, metadata } = examination.facts;
  const clock = findClockEvidence({ jwt: own.proof, answer, offset });
  if (clock) {
    const seen = `The DPoP proof is rejected (${refusal}), and this machine's clock is ${clock.figure}.`;
    return { name, status: "failed", code: clock.code, seen, change: adviseOnClock(clock, "dpop") };
  }
  const alg = String(own.proof?.header.alg);
  const supported = metadata?.dpop_signing_alg_values_supported;
  const isUnsupported = supported?.length && !supported.includes(alg);
  const seen = `The DPoP proof is rejected: ${refusal}. It is signed by ${alg}${
    isUnsupported
      ? `; the server advertises ${supported.slice(0, 12).join(", ")}`
      : answer?.headers.has("date")
      ? "; ruled out: the clock"
      : ""
  }.`;
  const change = isUnsupported
    ? `Set alg in the options of ${examination.nameOption("dpop")} to one of these.`
    : "Check that the server knows its own public URL (a gateway may change the host or path that htu is compared with), and " +
      "that the key is the one registered for the client.";
  return { name, status: "failed", code: "dpop_rejected", seen, change };
}
