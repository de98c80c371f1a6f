/**
 * Verifies DPoP proofs as strictly as RFC 9449 §4.3 says, without the client's code.
 *
 * @module
 */

import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWTPayload, jwtVerify } from "jose";

const typ = "dpop+jwt";

/** A proof's claims, and the thumbprint of its key. */
export interface SeenProof extends JWTPayload {
  readonly jkt: string;
}

export interface DpopVerifierOptions {
  /** The nonce that proofs must have (RFC 9449 §9). Default: none. */
  readonly nonce?: string;
  /** Whether each nonce is valid for one request: the response brings the next. Default: false. */
  readonly nonceOnce?: boolean;
  /** The origin that proofs name, as behind a proxy. Default: the one the request came to. */
  readonly origin?: string;
}

/** Verifies proofs; each is valid once. */
export class DpopVerifier {
  /** The nonce that proofs must have from now on. */
  nonce: string | undefined;
  /** Every proof with a valid signature, oldest first, refused ones included. */
  readonly proofs: SeenProof[] = [];
  /** The faults of the refused requests, oldest first. */
  readonly faults: string[] = [];
  readonly #options: DpopVerifierOptions;
  readonly #seen = new Set<string>();

  constructor(options: DpopVerifierOptions = {}) {
    this.#options = options;
    this.nonce = options.nonce;
  }

  /** Returns the refusal, if there is one. */
  async verify(
    request: Request,
    scheme: string,
    token: string | undefined,
    { cnf }: JWTPayload,
  ): Promise<Response | undefined> {
    const jkt = (cnf as { jkt?: string } | undefined)?.jkt;
    // A Bearer token needs no proof (RFC 9449 §7.2).
    if (jkt === undefined && scheme === "bearer") return undefined;
    if (scheme !== "dpop") return this.#refuse("invalid_token", "a bound token under another scheme");
    try {
      const { proof, fault } = await this.#read(request, token ?? "");
      if (fault !== undefined) return this.#refuse("invalid_dpop_proof", fault);
      if (proof!.jkt !== jkt) return this.#refuse("invalid_token", "another key");
      if (this.nonce !== undefined && proof!.nonce !== this.nonce) {
        return this.#refuse("use_dpop_nonce", proof!.nonce === undefined ? "no nonce" : "another nonce");
      }
      if (this.#options.nonceOnce) this.nonce = crypto.randomUUID();
      return undefined;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      return this.#refuse("invalid_dpop_proof", error.message);
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
    // As strict as the strictest server: the URL isn't normalized.
    if (htu !== (this.#options.origin ?? url.origin) + url.pathname) return { proof, fault: "another URL" };
    if (typeof iat !== "number" || Math.abs(Date.now() / 1000 - iat) > 60) return { proof, fault: "another time" };
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
    if (ath !== digest.toBase64({ alphabet: "base64url", omitPadding: true })) return { proof, fault: "another token" };
    if (typeof jti !== "string" || this.#seen.has(jti)) return { proof, fault: "seen before" };
    this.#seen.add(jti);
    return { proof };
  }

  #refuse(error: string, fault: string): Response {
    this.faults.push(fault);
    const challenge = `DPoP error="${error}", error_description="${fault}", algs="ES256 EdDSA"`;
    return Response.json({ message: "Unauthorized" }, { status: 401, headers: { "www-authenticate": challenge } });
  }
}
