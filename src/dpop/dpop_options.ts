/**
 * The options of DPoP.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { ExternalSigner } from "../jwt/external_signer.ts";
import type { PrivateKeyAlgorithm } from "../jwt/signing_algorithm.ts";
import type { KeyPairSource } from "./key_source.ts";

/** Options of {@linkcode dpop}. */
export interface DpopOptions {
  /**
   * Sets the key pair, or a function that looks it up. It is called when first needed, and again after a failure (on
   * workerd also if the request that waited has ended). The private key needn't be extractable.
   *
   * @default {a new pair that can't be exported}
   */
  readonly keyPair?: KeyPairSource | undefined;
  /**
   * Signs proofs by a key that is elsewhere, in place of `keyPair`. It needs a `publicKey`. Each request asks it for a
   * signature: a service in the network costs its time.
   *
   * @default {none}
   */
  readonly signer?: ExternalSigner | undefined;
  /**
   * Sets the algorithm that proofs are signed with.
   *
   * @default {the key pair's or the signer's, else "ES256"}
   */
  readonly alg?: PrivateKeyAlgorithm | undefined;
  /**
   * Accepts `Bearer` tokens, without proofs. Otherwise they are the error `unsupported_token_type`.
   *
   * @default {false}
   */
  readonly allowBearer?: boolean | undefined;
  /**
   * Dates proofs back for servers whose clock is behind, in milliseconds. From 0 to 300,000. Some servers refuse a proof
   * that seems to be a second from the future, most that are a minute old.
   *
   * @default {5_000}
   */
  readonly clockSkew?: number | undefined;
  /**
   * Gives the time in proofs. Servers refuse a proof from a clock that is off (`invalid_dpop_proof`), unless they use
   * nonces (RFC 9449 §8). If by the server's `Date` it is over a second off, the proof is signed again, once, by the
   * server's clock, which is used from then on (event `clock_corrected`). In a browser the server must expose `Date` (CORS).
   *
   * @default {the machine's clock}
   */
  readonly clock?: Pick<Clock, "wall"> | undefined;
}
