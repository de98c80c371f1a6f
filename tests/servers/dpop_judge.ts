/**
 * Judges DPoP proofs as RFC 9449 §4.3 has it: by its letter, and independently of the client's code.
 *
 * @module
 */

import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWTPayload, jwtVerify } from "jose";

const typ = "dpop+jwt";

/** What a proof says, and the thumbprint of its key. */
export interface SeenProof extends JWTPayload {
  readonly jkt: string;
}

export interface DpopJudgeOptions {
  /** The nonce that proofs must have (RFC 9449 §9). Default: none. */
  readonly nonce?: string;
  /** Whether each nonce is good for one request alone: the answer brings the next. Default: false. */
  readonly nonceOnce?: boolean;
  /** The origin that proofs name, as behind a proxy. Default: the one the request came to. */
  readonly origin?: string;
}

/** Remembers the proofs it has seen: none counts twice. */
export class DpopJudge {
  /** The nonce that proofs must have from now on. */
  nonce: string | undefined;
  /** Every proof that was signed as it should be, oldest first; refused ones among them. */
  readonly proofs: SeenProof[] = [];
  /** What was wrong with the refused requests, oldest first. */
  readonly faults: string[] = [];
  readonly #options: DpopJudgeOptions;
  readonly #seen = new Set<string>();

  constructor(options: DpopJudgeOptions = {}) {
    this.#options = options;
    this.nonce = options.nonce;
  }

  /** The refusal, if there is one. */
  async judge(
    request: Request,
    scheme: string,
    token: string | undefined,
    { cnf }: JWTPayload,
  ): Promise<Response | undefined> {
    const jkt = (cnf as { jkt?: string } | undefined)?.jkt;
    // A token bound to no key is anybody's (RFC 9449 §7.2).
    if (jkt === undefined && scheme === "bearer") return undefined;
    if (scheme !== "dpop") return this.#refusal("invalid_token", "a bound token under another scheme");
    try {
      const { proof, fault } = await this.#read(request, token ?? "");
      if (fault !== undefined) return this.#refusal("invalid_dpop_proof", fault);
      if (proof!.jkt !== jkt) return this.#refusal("invalid_token", "another key");
      if (this.nonce !== undefined && proof!.nonce !== this.nonce) {
        return this.#refusal("use_dpop_nonce", proof!.nonce === undefined ? "no nonce" : "another nonce");
      }
      if (this.#options.nonceOnce) this.nonce = crypto.randomUUID();
      return undefined;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      return this.#refusal("invalid_dpop_proof", error.message);
    }
  }

  async #read(request: Request, token: string): Promise<{ proof?: SeenProof; fault?: string }> {
    const header = request.headers.get("dpop");
    if (header === null) return { fault: "no proof" };
    const { payload, protectedHeader: { jwk } } = await jwtVerify(header, EmbeddedJWK, { typ });
    if (jwk === undefined || "d" in jwk) return { fault: "no public key" };
    const proof = { ...payload, jkt: await calculateJwkThumbprint(jwk) };
    this.proofs.push(proof);
    const { htm, htu, iat, jti, ath } = payload;
    const url = new URL(request.url);
    if (htm !== request.method) return { proof, fault: "another method" };
    // As strict as the strictest server there is: nothing is left off what the client wrote.
    if (htu !== (this.#options.origin ?? url.origin) + url.pathname) return { proof, fault: "another URL" };
    if (typeof iat !== "number" || Math.abs(Date.now() / 1000 - iat) > 60) return { proof, fault: "another time" };
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
    if (ath !== digest.toBase64({ alphabet: "base64url", omitPadding: true })) return { proof, fault: "another token" };
    if (typeof jti !== "string" || this.#seen.has(jti)) return { proof, fault: "seen before" };
    this.#seen.add(jti);
    return { proof };
  }

  #refusal(error: string, fault: string): Response {
    this.faults.push(fault);
    const challenge = `DPoP error="${error}", error_description="${fault}", algs="ES256 EdDSA"`;
    return Response.json({ message: "Unauthorized" }, { status: 401, headers: { "www-authenticate": challenge } });
  }
}
