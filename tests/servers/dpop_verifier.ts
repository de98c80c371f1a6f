/**
 * Verifies DPoP proofs as strictly as RFC 9449 §4.3 says, without the client's code.
 *
 * @module
 */

import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWTPayload, jwtVerify } from "jose";

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
  async verify(request: Request, scheme: string, token = "", { cnf }: JWTPayload): Promise<Response | undefined> {
    const jkt = (cnf as { jkt?: string } | undefined)?.jkt;
    // A Bearer token needs no proof (RFC 9449 §7.2).
    if (jkt === undefined && scheme === "bearer") return undefined;
    const [error, fault] = scheme === "dpop"
      ? await this.#findFault(request, token, jkt)
      : ["invalid_token", "a bound token under another scheme"];
    if (fault === undefined) {
      if (this.#options.nonceOnce) this.nonce = crypto.randomUUID();
      return undefined;
    }
    this.faults.push(fault);
    const challenge = `DPoP error="${error}", error_description="${fault}", algs="ES256 EdDSA"`;
    return Response.json({ message: "Unauthorized" }, { status: 401, headers: { "www-authenticate": challenge } });
  }

  async #findFault(request: Request, token: string, jkt?: string): Promise<[error?: string, fault?: string]> {
    const invalid = (fault: string): [string, string] => ["invalid_dpop_proof", fault];
    const header = request.headers.get("dpop");
    if (header === null) return invalid("no proof");
    const verified = await jwtVerify(header, EmbeddedJWK, { typ: "dpop+jwt" }).catch((error) => error);
    if (verified instanceof errors.JOSEError) return invalid(verified.message);
    if (verified instanceof Error) throw verified;
    const { payload, protectedHeader: { jwk } } = verified;
    if (jwk === undefined || "d" in jwk) return invalid("no public key");
    const proof: SeenProof = { ...payload, jkt: await calculateJwkThumbprint(jwk) };
    this.proofs.push(proof);
    const { htm, htu, iat, jti, ath, nonce } = proof;
    const url = new URL(request.url);
    if (htm !== request.method) return invalid("another method");
    // As strict as the strictest server: the URL isn't normalized.
    if (htu !== (this.#options.origin ?? url.origin) + url.pathname) return invalid("another URL");
    if (typeof iat !== "number" || Math.abs(Date.now() / 1000 - iat) > 60) return invalid("another time");
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(token)));
    if (ath !== digest.toBase64({ alphabet: "base64url", omitPadding: true })) return invalid("another token");
    if (typeof jti !== "string" || this.#seen.has(jti)) return invalid("seen before");
    this.#seen.add(jti);
    if (proof.jkt !== jkt) return ["invalid_token", "another key"];
    if (this.nonce === undefined || nonce === this.nonce) return [];
    return ["use_dpop_nonce", nonce === undefined ? "no nonce" : "another nonce"];
  }
}
