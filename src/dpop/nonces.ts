/**
 * The servers' nonces (RFC 9449 §8, §9).
 *
 * @module
 */

/** A nonce's syntax (RFC 9449 §8.1); two headers, joined by a comma and a space, don't match. */
const syntax = /^[!#-[\]-~]{1,4096}$/;
/** A limit, so that redirects can't fill the memory. */
const mostOrigins = 1_000;

/** Keeps the last nonce of each origin. */
export class Nonces {
  readonly #byOrigin = new Map<string, string>();

  /** Gets the nonce for a request to this URL. */
  get(url: string | URL): string | undefined {
    return this.#byOrigin.get(new URL(url).origin);
  }

  /** Stores a response's `DPoP-Nonce`; without one, the last stays in use (RFC 9449 §8.2). Returns the one in use. */
  note(url: string | URL, nonce: string | null | undefined): string | undefined {
    const { origin } = new URL(url);
    if (typeof nonce !== "string" || !syntax.test(nonce)) return this.#byOrigin.get(origin);
    this.#byOrigin.delete(origin);
    this.#byOrigin.set(origin, nonce);
    // The first is the one updated longest ago.
    if (this.#byOrigin.size > mostOrigins) this.#byOrigin.delete(this.#byOrigin.keys().next().value!);
    return nonce;
  }
}
