/**
 * Sender-constrained tokens (DPoP, RFC 9449): bound to a key, of which each request proves possession.
 *
 * @module
 */

import { checkAlgorithm, type PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
import { type Clock, systemClock } from "../clock.ts";
import { checkUrl } from "../arguments.ts";
import { newFlight } from "../refresh/single_flight.ts";
import type { Fetch } from "../http/fetch.ts";
import { proofError } from "./challenge.ts";
import type { ProofKey } from "./key_pair.ts";
import { type KeyPairSource, keySource, orExplain } from "./key_source.ts";
import { Nonces } from "./nonces.ts";
import { type ProofTarget, signProof } from "./proof.ts";
import { apiProofFetch, type Prover, tokenProofFetch } from "./proof_fetch.ts";
import type { ProofOfPossession } from "./proof_of_possession.ts";

export type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
export type { Clock } from "../clock.ts";
export type { Fetch } from "../http/fetch.ts";
export type { KeyPairSource } from "./key_source.ts";
export type { ProofTarget } from "./proof.ts";
export type { ProofOfPossession } from "./proof_of_possession.ts";

/** Settings of {@linkcode dpop}. */
export interface DpopOptions {
  /**
   * The key pair, or a function that looks it up when it is first needed: once for all callers, and again after a failure
   * (on workerd also if the request that waited for it has ended). The private key needn't be extractable; whether the
   * two belong together is checked before the first proof. Default: a new one that can't be exported.
   */
  readonly keyPair?: KeyPairSource | undefined;
  /** What proofs are signed by. Default: what `keyPair` is for, else `"ES256"`, which every server knows. */
  readonly alg?: PrivateKeyAlgorithm | undefined;
  /**
   * Whether a server may answer with a `Bearer` token, which is then used without proofs: for servers that don't all
   * know DPoP yet. Default: `false`; such an answer is the error `unsupported_token_type`.
   */
  readonly allowBearer?: boolean | undefined;
  /**
   * Where the time in proofs comes from. Servers that give nonces go by those (RFC 9449 §8); others refuse a proof from
   * a machine whose clock is off, as `invalid_dpop_proof`. Default: the machine's clock.
   */
  readonly clock?: Pick<Clock, "wall"> | undefined;
}

/**
 * Binds tokens to a key, and proves with every request that it has it. One may serve many authenticators. It prints no key.
 *
 * @example The key that a token is bound to
 * ```ts
 * import { dpop } from "@m2m/authenticator/dpop";
 *
 * const proofs = dpop({ alg: "EdDSA" });
 * console.log(await proofs.thumbprint()); // what tokens name as cnf.jkt
 * ```
 */
export class Dpop implements ProofOfPossession {
  /** The types of token it takes (RFC 6749 §7.1). */
  readonly tokenTypes: readonly string[];
  readonly #clock: Pick<Clock, "wall">;
  readonly #openKey: () => Promise<ProofKey>;
  readonly #opening = newFlight<ProofKey>();
  readonly #prover: Prover = {
    nonces: new Nonces(),
    unbound: new WeakSet(),
    prove: async (target, nonce) => {
      const key = await this.#key();
      const now = this.#clock.wall();
      return await orExplain("its key doesn't sign", () => signProof(key, target, { now, nonce }));
    },
  };
  #madeKey: ProofKey | undefined;

  /**
   * As {@linkcode dpop}.
   *
   * @param options The key, and what else may be set.
   * @throws {TypeError} If the key pair can't be used, or the algorithm is unknown or not that of the key.
   */
  constructor(options: DpopOptions = {}) {
    const { keyPair, alg, allowBearer = false, clock = systemClock } = options;
    checkAlgorithm(alg);
    this.tokenTypes = allowBearer ? ["DPoP", "Bearer"] : ["DPoP"];
    this.#clock = clock;
    this.#openKey = keySource(keyPair, alg);
  }

  /**
   * `fetch`, with a proof on each token request (RFC 9449 §5), and the last nonce of its server in it. Another `dpop`
   * header on a request is left as it is.
   *
   * @param fetch What sends the requests.
   * @returns What sends them with a proof.
   */
  tokenFetch(fetch: Fetch): Fetch {
    return tokenProofFetch(fetch, this.#prover);
  }

  /**
   * `fetch`, with a proof on each request that carries a token under the scheme `DPoP` (RFC 9449 §7). Where the API
   * wants a nonce, or another one, the request is sent once more with it, unless its body is a stream in `init`. Another
   * `dpop` header on a request is left as it is.
   *
   * @param fetch What sends the requests. Their URLs are absolute.
   * @param headerKey The header that the token stands in; no other is looked at. Default: `"authorization"`.
   * @returns What sends them with a proof.
   */
  apiFetch(fetch: Fetch, headerKey = "authorization"): Fetch {
    return apiProofFetch(fetch, headerKey, this.#prover);
  }

  /**
   * Whether a refusal is about the proof, and not the token (RFC 9449 §7.1, §9). What {@linkcode Dpop.apiFetch} sent
   * without a token of the scheme `DPoP` wasn't refused for its proof, whatever the API says.
   *
   * @param response An answer of the API's.
   * @returns Whether it is a 401 that says so.
   */
  isAboutProof(response: Response): boolean {
    return !this.#prover.unbound.has(response) &&
      /^(use_dpop_nonce|invalid_dpop_proof)$/.test(proofError(response) ?? "");
  }

  /**
   * A proof for a request that something else than `fetch` sends, as its `DPoP` header. For each sending another.
   *
   * @example With a client of another kind
   * ```ts
   * import { getToken } from "@m2m/authenticator";
   * import { dpop } from "@m2m/authenticator/dpop";
   *
   * const proofs = dpop();
   * const { accessToken, tokenType } = await getToken("https://auth.example.com/oauth/token", {
   *   clientId: "my-client",
   *   clientSecret: "my-secret",
   *   scopes: ["api:read"],
   *   dpop: proofs,
   * });
   * const url = "https://api.example.com/v1/projects";
   * const proof = await proofs.proof({ method: "GET", url, accessToken });
   * // Stands for whatever sends your requests.
   * const response = await fetch(url, { headers: { authorization: `${tokenType} ${accessToken}`, dpop: proof } });
   * proofs.noteNonce(url, response.headers.get("dpop-nonce"));
   * console.log(response.status, await response.json());
   * ```
   *
   * @param target The request.
   * @returns The proof, with the last nonce of that server in it.
   * @throws {TypeError} If the method, the URL or the token can't be what it should be.
   * @throws {AuthenticationError} If it can't be made (`proof_failed`).
   */
  async proof(target: ProofTarget): Promise<string> {
    const { method, accessToken } = target;
    if (typeof method !== "string" || method === "") throw new TypeError("method must be a string, not empty.");
    if (accessToken !== undefined && !(accessToken && typeof accessToken === "string")) {
      throw new TypeError("accessToken must be a string that is not empty, or left out.");
    }
    const url = checkUrl("url", target.url);
    return await this.#prover.prove({ method, url, accessToken }, this.#prover.nonces.get(url));
  }

  /**
   * Takes note of a nonce, for requests that something else than `fetch` sends: each answer may bring another (RFC 9449 §8.2).
   *
   * @param url Where the answer came from.
   * @param nonce The answer's `DPoP-Nonce` header. Without one, the last stays in use.
   * @throws {TypeError} If the URL isn't one.
   */
  noteNonce(url: string | URL, nonce: string | null | undefined): void {
    this.#prover.nonces.note(checkUrl("url", url), nonce);
  }

  /**
   * The thumbprint of the public key (RFC 7638, by SHA-256): what tokens name as `cnf.jkt`, and requests as `dpop_jkt`.
   *
   * @returns The thumbprint, in base64url.
   * @throws {AuthenticationError} If the key can't be had (`proof_failed`).
   */
  async thumbprint(): Promise<string> {
    return (await this.#key()).thumbprint;
  }

  async #key(): Promise<ProofKey> {
    return this.#madeKey ?? await this.#opening.join(async () => {
      const opened = await this.#openKey();
      // On workerd who was taken for gone may still come back: whose key came first, his counts.
      return this.#madeKey ??= opened;
    });
  }
}

/**
 * Binds tokens to a key (DPoP, RFC 9449), as the option `dpop` of an authenticator or of `getToken`: a token that
 * somebody steals is of no use without the key. The authenticator then sends a fresh proof with every token request and
 * every call, on each hop of a redirect, and heeds the nonces that servers give. In a browser redirects get no new proof,
 * and nonces show only if the server exposes `DPoP-Nonce` and `WWW-Authenticate` (CORS).
 *
 * Proofs go with what the authenticator's `fetch` sends. For another client, which has its token from `authorize`, keep
 * what this gives: {@linkcode Dpop.proof} makes the `DPoP` header of one request, and {@linkcode Dpop.noteNonce} takes the
 * nonce that its answer brings.
 *
 * @example With a key of its own, new in each run
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { dpop } from "@m2m/authenticator/dpop";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({
 *     tokenEndpoint: "https://auth.example.com/oauth/token",
 *     scopes: ["api:read"],
 *   }),
 *   dpop: dpop(),
 * });
 * const response = await authenticator.fetch("/v1/projects");
 * console.log(authenticator.credentials?.tokenType, await response.json()); // DPoP, and the projects
 * ```
 *
 * @example With a key that a service worker keeps
 * ```ts ignore
 * // Not run: it needs IndexedDB, which stores the key without ever showing it (here by the package idb-keyval).
 * import { dpop } from "@m2m/authenticator/dpop";
 * import { get, set } from "idb-keyval";
 *
 * export const proofs = dpop({
 *   async keyPair() {
 *     const kept: CryptoKeyPair | undefined = await get("dpop");
 *     if (kept !== undefined) return kept;
 *     const algorithm = { name: "ECDSA", namedCurve: "P-256" };
 *     const made = await crypto.subtle.generateKey(algorithm, false, ["sign", "verify"]);
 *     await set("dpop", made);
 *     return made;
 *   },
 * });
 * ```
 *
 * @param options The key, and what else may be set. Default: see {@linkcode DpopOptions}.
 * @returns A value for `dpop`. Where it can't make a proof it throws an `AuthenticationError` with the code
 * `proof_failed`; what a `keyPair` function throws is the error's `cause`. A server that refuses the proof itself says
 * `invalid_dpop_proof`: in the error's `error` at a token endpoint, in a 401 that is handed on at an API.
 * @throws {TypeError} If the key pair can't be used, or the algorithm is unknown or not that of the key.
 */
export function dpop(options: DpopOptions = {}): Dpop {
  return new Dpop(options);
}
