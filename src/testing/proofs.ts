/**
 * What a test server wants of DPoP proofs (RFC 9449).
 *
 * @module
 */

import { dropOldest } from "./drop_oldest.ts";
import { verifyProof } from "./json_web_tokens.ts";
import type { RecordedRequest } from "./recorded_request.ts";
import type { TestClock } from "./test_clock.ts";

/** The outcome of a look at a proof: its key's thumbprint, or what is wrong. */
export type CheckedProof =
  | { readonly jkt: string; readonly error?: undefined }
  | { readonly error: "invalid_dpop_proof" | "use_dpop_nonce"; readonly fault: string };

/** Verifies proofs; each is valid once. */
export class Proofs {
  readonly #clock: TestClock;
  readonly #nonceName: string | undefined;
  readonly #seen = new Set<string>();
  #nonces = 1;

  /** With a nonce that is named after this server, or without any. */
  constructor(clock: TestClock, nonceName: string | undefined) {
    this.#clock = clock;
    this.#nonceName = nonceName;
  }

  /** The header that names the nonce for the next request. */
  get headers(): Record<string, string> {
    return this.#nonceName ? { "dpop-nonce": this.#nonce } : {};
  }

  /** Takes another nonce. */
  rotate(): void {
    this.#nonces++;
  }

  get #nonce(): string {
    return `${this.#nonceName}-nonce-${this.#nonces}`;
  }

  /** Verifies the proof of a request. */
  async check({ method, url, headers }: RecordedRequest, accessToken?: string): Promise<CheckedProof> {
    const proof = headers.get("dpop");
    if (proof === null) return { error: "invalid_dpop_proof", fault: "There is no proof" };
    try {
      const now = new Date(this.#clock.wall());
      const { jkt, jti, nonce } = await verifyProof(proof, { method, url, now, accessToken });
      if (this.#seen.has(jti)) return { error: "invalid_dpop_proof", fault: "The proof was used already" };
      this.#seen.add(jti);
      dropOldest(this.#seen);
      if (this.#nonceName && nonce !== this.#nonce) return { error: "use_dpop_nonce", fault: "The nonce is another" };
      return { jkt };
    } catch (error) {
      return { error: "invalid_dpop_proof", fault: `The proof is invalid: ${(error as Error).message}` };
    }
  }
}
