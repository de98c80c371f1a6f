/**
 * A call of the API that can be sent more than once.
 *
 * @module
 */

import type { Fetch } from "./fetch.ts";

/** What `fetch` was called with, resolved against the API's endpoint, ready to be sent under other headers. */
export class ApiRequest {
  /** Where the request goes. */
  readonly url: URL;
  /** The caller's headers. Not to be changed: each sending gets a copy with the token. */
  readonly headers: Headers;
  readonly #request: Request | undefined;
  readonly #init: RequestInit | undefined;

  constructor(input: string | URL | Request, init: RequestInit | undefined, base: string) {
    // By shape: a fetch of another realm (undici from npm, say) comes with a Request of its own.
    this.#request = typeof input === "object" && !(input instanceof URL) ? input : undefined;
    this.#init = init;
    this.url = this.#request ? new URL(this.#request.url) : new URL(input as string | URL, base);
    this.headers = new Headers(init?.headers ?? this.#request?.headers);
  }

  /** The caller's signal. */
  get signal(): AbortSignal | undefined {
    return this.#init?.signal ?? this.#request?.signal ?? undefined;
  }

  /** The request's method, in upper case. */
  get method(): string {
    return (this.#init?.method ?? this.#request?.method ?? "GET").toUpperCase();
  }

  /** What the caller wants done about redirects. */
  get redirect(): RequestRedirect {
    return this.#init?.redirect ?? this.#request?.redirect ?? "follow";
  }

  /** Whether the body can be sent again, whole: a stream is gone once read, but a Request can be cloned before. */
  get isReplayable(): boolean {
    const body = this.#init?.body;
    return typeof body !== "object" || body === null ||
      !("getReader" in body || Symbol.asyncIterator in body);
  }

  /** Sends the request as the caller made it. */
  sendAsIs(fetch: Fetch): Promise<Response> {
    return this.#request ? fetch(this.#request, this.#init) : fetch(this.url.href, this.#init);
  }

  /** Sends the request under other headers, and possibly elsewhere. It can be sent again. */
  send(
    fetch: Fetch,
    init: { headers: Headers; redirect: RequestRedirect },
    url: URL = this.url,
  ): Promise<Response> {
    const ours = { ...this.#init, ...init };
    if (this.#request === undefined) return fetch(url.href, ours);
    // Sent from a clone where it has a body, for a Request gives its body away but once. (Deno sends a clone in chunks.)
    const request = this.#ownBody ? this.#request.clone() : this.#request;
    return fetch(url === this.url ? request : new Request(url, request), ours);
  }

  /** As {@linkcode ApiRequest.send}, with nothing of the body. */
  sendWithoutBody(fetch: Fetch, init: RequestInit, url: URL): Promise<Response> {
    return fetch(url.href, { ...this.#init, ...init, body: null, signal: this.signal ?? null });
  }

  /** Lets go of a body that was kept for another sending. */
  release(): void {
    if (this.#ownBody && !this.#request?.bodyUsed) void this.#request?.body?.cancel().catch(() => {});
  }

  get #ownBody(): boolean {
    return this.#request?.body != null && this.#init?.body == null;
  }
}
