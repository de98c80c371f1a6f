/**
 * A call of the API that can be sent more than once.
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";

/** Where something is on the web. */
export interface Place {
  readonly href: string;
  readonly origin: string;
}

/** What `fetch` was called with, resolved against the API's endpoint, ready to be sent under other headers. */
export class ApiRequest implements Place {
  readonly href: string;
  readonly origin: string;
  readonly #request: Request | undefined;
  readonly #init: RequestInit | undefined;

  constructor(input: string | URL | Request, init: RequestInit | undefined, endpoint: Place) {
    // By shape: a fetch of another realm (undici from npm, say) comes with a Request of its own.
    this.#request = typeof input === "object" && "clone" in input ? input : undefined;
    const { href, origin } = resolve(this.#request?.url ?? String(input), endpoint);
    this.href = href;
    this.origin = origin;
    if (init && "clone" in init) {
      // `fetch(url, request)` is the way workers forward a request; a spread would find nothing in it.
      this.#request = new Request(href, init);
    } else if (init) {
      // As `fetch` does: what becomes of the caller's objects while a token is waited for doesn't count.
      const { headers, body } = init;
      this.#init = { ...init, ...headers && { headers: copyHeaders(headers) }, ...body && { body: copyBody(body) } };
    }
  }

  /** The caller's headers. Not to be changed: each sending gets a copy with the token. */
  get headers(): HeadersInit {
    return this.#init?.headers ?? this.#request?.headers ?? {};
  }

  /** Whether the caller has set a header, named in lower case. */
  has(name: string): boolean {
    const { headers } = this;
    if (!isRecord(headers)) return new Headers(headers).has(name);
    return Object.keys(headers).some((key) => key.toLowerCase() === name);
  }

  /** The caller's headers and one more. A record stays one: runtimes read it several times as fast as `Headers`. */
  headersWith(name: string, value: string): HeadersInit {
    const given = this.headers;
    if (isRecord(given)) return { ...given, [name]: value };
    const headers = new Headers(given);
    headers.set(name, value);
    return headers;
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
    return typeof body !== "object" || body === null || !("getReader" in body || Symbol.asyncIterator in body);
  }

  /** Sends the request as the caller made it. */
  sendAsIs(fetch: Fetch): Promise<Response> {
    return this.#request ? fetch(this.#request, this.#init) : fetch(this.href, this.#init);
  }

  /** Sends the request under other headers, and possibly elsewhere. It can be sent again. */
  send(fetch: Fetch, init: RequestInit, elsewhere?: Place): Promise<Response> {
    const ours = { ...this.#init, ...init };
    const { href } = elsewhere ?? this;
    if (this.#request === undefined) return fetch(href, ours);
    // Without its body, there is its signal to be kept.
    if (init.body === null) return fetch(href, { signal: this.#request.signal, ...ours });
    // Sent from a clone where it may have a body, for a Request gives its body away but once.
    const request = this.#mayHaveBody ? this.#request.clone() : this.#request;
    return fetch(elsewhere ? new Request(href, request) : request, ours);
  }

  /** Lets go of a body that was kept for another sending. */
  release(): void {
    if (this.#mayHaveBody && !this.#request?.bodyUsed) void this.#request?.body?.cancel().catch(() => {});
  }

  /** By the method: to look at a Request's `body` makes a stream of it, which Deno sends without its length. */
  get #mayHaveBody(): boolean {
    return this.#request !== undefined && this.#init?.body == null && !/^(GET|HEAD)$/.test(this.#request.method);
  }
}

/** A path, the usual input, needs no parsing here: `fetch` does that anyway, and it can't leave the origin. */
function resolve(input: string, endpoint: Place): Place {
  const isPath = /^\/(?![/\\\t\n\r])/.test(input);
  if (isPath) return { href: endpoint.origin + input, origin: endpoint.origin };
  const { href, origin, protocol } = new URL(input, endpoint.href);
  // A "blob:" URL has the origin of the page that made it, and is none of the API's.
  return { href, origin: /^https?:$/.test(protocol) ? origin : protocol };
}

function copyHeaders(headers: HeadersInit): HeadersInit {
  return isRecord(headers) ? { ...headers } : new Headers(headers);
}

/** A copy of what can be changed while it waits; text and blobs can't be. */
function copyBody(body: BodyInit): BodyInit {
  if (body instanceof URLSearchParams) return new URLSearchParams(body);
  if (body instanceof ArrayBuffer) return body.slice(0);
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength).slice();
  }
  if (!(body instanceof FormData)) return body;
  const copy = new FormData();
  for (const [name, value] of body) copy.append(name, value);
  return copy;
}

function isRecord(headers: HeadersInit): headers is Record<string, string> {
  return !(Symbol.iterator in headers);
}
