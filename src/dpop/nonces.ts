/**
 * The servers' nonces (RFC 9449 §8, §9).
 *
 * @module
 */

/** A nonce's syntax (RFC 9449 §8.1); two headers, joined by a comma and a space, don't match. */
const syntax = /^[!#-[\]-~]{1,4096}$/;
/** A limit, so that redirects can't fill the memory. */
const mostOrigins = 1_000;

/** Keeps the last nonce of each origin that has answered. */
export class Nonces {
  readonly #byOrigin = new Map<string, string | undefined>();

  /** Whether this URL's origin has answered before. */
  hasAnswered(url: string | URL): boolean {
    return this.#byOrigin.has(new URL(url).origin);
  }

  /** Gets the nonce for a request to this URL. */
  get(url: string | URL): string | undefined {
    return this.#byOrigin.get(new URL(url).origin);
  }

  /** Stores a response's `DPoP-Nonce`; without one, the last stays in use (RFC 9449 §8.2). Returns the one in use. */
  note(url: string | URL, nonce: string | null | undefined): string | undefined {
    const { origin } = new URL(url);
    const next = typeof nonce === "string" && syntax.test(nonce) ? nonce : this.#byOrigin.get(origin);
    this.#byOrigin.delete(origin);
    this.#byOrigin.set(origin, next);
    // The first is the one updated longest ago.
    if (this.#byOrigin.size > mostOrigins) this.#byOrigin.delete(this.#byOrigin.keys().next().value!);
    return next;
  }
}
