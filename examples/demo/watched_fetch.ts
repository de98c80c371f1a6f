/** A fetch that records requests: an authenticator takes any function with fetch's signature. @module */

import { nameToken } from "./redaction.ts";

/** One request and its answer. */
export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** In milliseconds. */
  readonly took: number;
  /** By `performance.now()`. */
  readonly ended: number;
  /** The name of the token sent; absent in a token request. */
  readonly token?: string;
}

export class WatchedFetch {
  /** The requests to the token endpoint, oldest first. */
  readonly tokenRequests: Exchange[] = [];
  /** The requests to the API, oldest first. */
  readonly apiCalls: Exchange[] = [];
  readonly #tokenEndpoint: string;

  constructor(tokenEndpoint: string) {
    this.#tokenEndpoint = new URL(tokenEndpoint).href;
  }

  readonly fetch: typeof fetch = async (input, init) => {
    const request = input instanceof Request ? input : undefined;
    const url = new URL(request?.url ?? String(input));
    const start = performance.now();
    const response = await fetch(input, init);
    const ended = performance.now();
    const exchange = {
      method: init?.method ?? request?.method ?? "GET",
      path: url.pathname,
      status: response.status,
      took: ended - start,
      ended,
    };
    if (url.href === this.#tokenEndpoint) {
      this.tokenRequests.push(exchange);
    } else {
      const header = new Headers(init?.headers ?? request?.headers).get("authorization") ?? "";
      const token = /^Bearer (.+)$/.exec(header)?.[1];
      this.apiCalls.push({ ...exchange, ...(token !== undefined && { token: await nameToken(token) }) });
    }
    return response;
  };
}
