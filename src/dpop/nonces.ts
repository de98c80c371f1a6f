/**
 * The nonces that servers have given (RFC 9449 §8, §9).
 *
 * @module
 */

/** What a nonce is made of (RFC 9449 §8.1). Two in one header are none: they come with a comma and a space between. */
const syntax = /^[!#-[\]-~]{1,4096}$/;
/** Whoever redirects here and there must not fill the memory. */
const mostOrigins = 1_000;

/** The last nonce of each origin: a server says with any of its answers which one it wants next. */
export class Nonces {
  readonly #byOrigin = new Map<string, string>();

  /** The nonce to use for a request to this URL, if its server gives any. */
  get(url: string | URL): string | undefined {
    return this.#byOrigin.get(new URL(url).origin);
  }

  /** Takes note of an answer's `DPoP-Nonce`; without one, the last stays in use (RFC 9449 §8.2). Gives what is in use. */
  note(url: string | URL, nonce: string | null | undefined): string | undefined {
    const { origin } = new URL(url);
    if (typeof nonce !== "string" || !syntax.test(nonce)) return this.#byOrigin.get(origin);
    this.#byOrigin.delete(origin);
    this.#byOrigin.set(origin, nonce);
    // Only one is new, so one at most has to go: the first is the one that was heard of longest ago.
    if (this.#byOrigin.size > mostOrigins) this.#byOrigin.delete(this.#byOrigin.keys().next().value!);
    return nonce;
  }
}
