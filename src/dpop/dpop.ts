/**
 * Sender-constrained tokens (DPoP, RFC 9449).
 *
 * @module
 */

import { checkAlgorithm } from "../jwt/signing_algorithm.ts";
import { checkNumber, checkUrl } from "../arguments.ts";
import type { AuthenticatorEventListener } from "../events.ts";
import type { Refusal, RefusalResponse } from "../jwt/clock_difference.ts";
import { ServerClocks } from "../jwt/server_clocks.ts";
import { newFlight } from "../refresh/single_flight.ts";
import type { Fetch } from "../http/fetch.ts";
import { getProofError } from "./challenge.ts";
import type { DpopOptions } from "./dpop_options.ts";
import type { ProofKey } from "./key_pair.ts";
import { explainFailure, makeKeyLoader } from "./key_source.ts";
import { Nonces } from "./nonces.ts";
import { type ProofTarget, signProof } from "./proof.ts";
import { proveApiCalls, type Prover, proveTokenRequests } from "./proof_fetch.ts";
import type { ProofOfPossession } from "./proof_of_possession.ts";

export type { ExternalSigner } from "../jwt/external_signer.ts";
export type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
export type { Clock } from "../clock.ts";
export type { AuthenticatorEventListener } from "../events.ts";
export type { Fetch } from "../http/fetch.ts";
export type { DpopOptions } from "./dpop_options.ts";
export type { KeyPairSource } from "./key_source.ts";
export type { ProofTarget } from "./proof.ts";
export type { ProofOfPossession } from "./proof_of_possession.ts";

/**
 * Binds tokens to a key, and proves its possession with each request. Many authenticators may share one.
 *
 * @example The key that a token is bound to
 * ```ts
 * import { dpop } from "@m2m/authenticator/dpop";
 *
 * const proofs = dpop({ alg: "EdDSA" });
 * console.log(await proofs.thumbprint()); // the tokens' cnf.jkt
 * ```
 */
export class Dpop implements ProofOfPossession {
  /** The token types it accepts (RFC 6749 §7.1). */
  readonly tokenTypes: readonly string[];
  readonly #openKey: () => Promise<ProofKey>;
  readonly #opening = newFlight<ProofKey>();
  readonly #prover: Prover;
  #madeKey: ProofKey | undefined;

  /**
   * Does the same as {@linkcode dpop}.
   * @param options The key pair and other options.
   * @throws {TypeError} If the key pair can't be used, or the algorithm is unknown or not the key's.
   * @throws {RangeError} If `clockSkew` is out of range.
   */
  constructor(options: DpopOptions = {}) {
    const { alg, allowBearer = false, clock, clockSkew = 5_000 } = options;
    checkNumber("clockSkew", clockSkew, 0, 300_000);
    checkAlgorithm(alg);
    this.tokenTypes = allowBearer ? ["DPoP", "Bearer"] : ["DPoP"];
    this.#openKey = makeKeyLoader(options);
    this.#prover = {
      nonces: new Nonces(),
      clocks: new ServerClocks(clock),
      unbound: new WeakSet(),
      signedBy: new WeakMap(),
      prove: async (target, nonce, clock) => {
        const key = await this.#key();
        const now = clock.wall() - clockSkew;
        return await explainFailure("its key doesn't sign", () => signProof(key, target, { now, nonce }));
      },
    };
  }

  /**
   * Adds a proof to each token request (RFC 9449 §5). A `dpop` header that a request already has stays.
   *
   * @param fetch The `fetch` to wrap.
   * @returns A `fetch` that adds proofs.
   */
  tokenFetch(fetch: Fetch): Fetch {
    return proveTokenRequests(fetch, this.#prover);
  }

  /**
   * Says that this clock differs from the server's, where it refuses a token request. If it wants another nonce, or
   * refuses the proof and its clock differs, it gets another proof.
   *
   * @param refusal The error's properties.
   * @param response The response's headers, and how long it took.
   * @returns A sentence for the error, or nothing.
   */
  explainRefusal(refusal: Refusal, response: RefusalResponse): string | undefined {
    const { nonces, signedBy } = this.#prover;
    if (refusal.error === "use_dpop_nonce") response.repeat?.(nonces);
    const isAboutProof = refusal.error === undefined || /dpop|^invalid_(request|grant)$/.test(refusal.error);
    const answer = isAboutProof ? response : { ...response, repeat: undefined };
    return signedBy.get(response.headers)?.explain(refusal, answer, "proof");
  }

  /**
   * Adds a proof to each request with a `DPoP` token (RFC 9449 §7). If the API wants another nonce, or refuses the proof
   * and its clock differs, the request is sent again, unless its body is a stream in `init`. A `dpop` header that a request already has stays.
   *
   * @param fetch The `fetch` to wrap; URLs are absolute.
   * @param headerKey The header with the token. Default: `"authorization"`.
   * @param onEvent Receives the event `clock_corrected`. Default: none.
   * @returns A `fetch` that adds proofs.
   */
  apiFetch(fetch: Fetch, headerKey = "authorization", onEvent?: AuthenticatorEventListener): Fetch {
    return proveApiCalls(fetch, { headerKey, onEvent, prover: this.#prover });
  }

  /**
   * Checks whether a 401 is about the proof, not the token (RFC 9449 §7.1, §9). It never is for a request that
   * {@linkcode Dpop.apiFetch} sent without a token of the scheme `DPoP`.
   *
   * @param response The API's response.
   * @returns Whether another proof will do.
   */
  isAboutProof(response: Response): boolean {
    return !this.#prover.unbound.has(response) &&
      /^(use_dpop_nonce|invalid_dpop_proof)$/.test(getProofError(response) ?? "");
  }

  /**
   * Makes the `DPoP` header of one request, for clients other than `fetch`. Each request, retries included, needs its own.
   *
   * @example With another client
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
   * const response = await fetch(url, { headers: { authorization: `${tokenType} ${accessToken}`, dpop: proof } });
   * proofs.noteNonce(url, response.headers.get("dpop-nonce"));
   * console.log(response.status, await response.json());
   * ```
   *
   * @param target The request.
   * @returns The proof, with the server's last nonce.
   * @throws {TypeError} If the method, the URL or the token is invalid.
   * @throws {AuthenticationError} If the proof can't be made (`proof_failed`).
   */
  async proof(target: ProofTarget): Promise<string> {
    const { method, accessToken, signal } = target;
    if (typeof method !== "string" || method === "") throw new TypeError("method must be a string, not empty.");
    if (accessToken !== undefined && !(accessToken && typeof accessToken === "string")) {
      throw new TypeError("accessToken must be a string that is not empty, or left out.");
    }
    const url = checkUrl("url", target.url);
    const { nonces, clocks } = this.#prover;
    return await this.#prover.prove({ method, url, accessToken, signal }, nonces.get(url), clocks.at(new URL(url)));
  }

  /**
   * Stores the nonce of a response, for clients other than `fetch`: each response may bring another (RFC 9449 §8.2).
   *
   * @param url The response's URL.
   * @param nonce Its `DPoP-Nonce` header. Without one, the last stays in use.
   * @throws {TypeError} If the URL is invalid.
   */
  noteNonce(url: string | URL, nonce: string | null | undefined): void {
    this.#prover.nonces.note(checkUrl("url", url), nonce);
  }

  /**
   * Gets the public key's SHA-256 thumbprint (RFC 7638): `cnf.jkt` in tokens, `dpop_jkt` in requests.
   *
   * @returns The thumbprint, in base64url.
   * @throws {AuthenticationError} If the key can't be made or looked up (`proof_failed`).
   */
  async thumbprint(): Promise<string> {
    return (await this.#key()).thumbprint;
  }

  async #key(): Promise<ProofKey> {
    return this.#madeKey ?? await this.#opening.join(async () => {
      const opened = await this.#openKey();
      // On workerd an attempt given up on may still end: the first key counts.
      return this.#madeKey ??= opened;
    });
  }
}

/**
 * Binds tokens to a key (DPoP, RFC 9449), for the option `dpop`: a stolen token doesn't work without the key. The
 * authenticator sends a fresh proof with every token request, call and redirect, and uses the servers' nonces. In a
 * browser redirects get no new proof, and servers must expose `DPoP-Nonce` and `WWW-Authenticate` (CORS).
 *
 * The authenticator's `fetch` adds proofs. Another client, with a token from `authorize`, makes each `DPoP` header by
 * {@linkcode Dpop.proof}, and passes each response's nonce to {@linkcode Dpop.noteNonce}.
 *
 * @example With a new key in each run
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
 * @example With a key that a service worker stores
 * ```ts ignore
 * // Not run: it needs IndexedDB (here by the package idb-keyval), which stores the key without exporting it.
 * import { dpop } from "@m2m/authenticator/dpop";
 * import { get, set } from "idb-keyval";
 *
 * export const proofs = dpop({
 *   async keyPair() {
 *     const stored: CryptoKeyPair | undefined = await get("dpop");
 *     if (stored) return stored;
 *     const made = await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"]) as CryptoKeyPair;
 *     await set("dpop", made);
 *     return made;
 *   },
 * });
 * ```
 *
 * @param options The key pair and other options.
 * @returns A value for `dpop`. Requests fail with an `AuthenticationError` with the code `proof_failed` if no proof can
 * be made (the error of a `keyPair` function or a signer is the `cause`); a server refuses a proof by `invalid_dpop_proof`.
 * @throws {TypeError} If the key pair can't be used, or the algorithm is unknown or not the key's.
 * @throws {RangeError} If `clockSkew` is out of range.
 */
export function dpop(options: DpopOptions = {}): Dpop {
  return new Dpop(options);
}
