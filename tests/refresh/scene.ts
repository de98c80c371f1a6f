/**
 * One authenticator between a scripted token endpoint and a scripted API, in virtual time: minutes and hours of traffic
 * run in milliseconds.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import {
  AuthenticationError,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  StaticClientConfigStore,
} from "@m2m/authenticator";

const realSetTimeout = globalThis.setTimeout;

/** A request at the token endpoint. Times are in milliseconds since the scene began. */
export interface TokenRequest {
  /** From 1. */
  readonly number: number;
  readonly at: number;
  readonly body: URLSearchParams;
  readonly signal: AbortSignal | undefined;
}

/** A request at the API. */
export interface ApiRequest {
  readonly path: string;
  /** The number of the token it carries: 0 for none. */
  readonly token: number;
  readonly at: number;
}

/** A call by a program that uses the authenticator. */
export interface Call {
  readonly path: string;
  readonly start: number;
  /** `undefined` while it is pending. */
  end: number | undefined;
  status: number | undefined;
  error: unknown;
}

/** Settings of {@linkcode setScene}. */
export interface SceneOptions extends Partial<ClientCredentialsAuthenticatorOptions> {
  /** What the token endpoint answers. Default: a token of an hour. */
  tokens?: (request: TokenRequest) => Response | Promise<Response>;
  /** The status that the API answers with. Default: 200. */
  api?: (request: ApiRequest) => number;
}

/** The answer with the token of this number; it lives for `lifetime` seconds. */
export function token(number: number, lifetime = 3600): Response {
  return Response.json({ access_token: `token-${number}`, token_type: "Bearer", expires_in: lifetime });
}

/** An OAuth error (RFC 6749 §5.2). */
export function oauthError(error: string, status = 400): Response {
  return Response.json({ error }, { status });
}

/** A page, as a proxy or a maintenance site gives one. */
export function page(status = 200): Response {
  return new Response("<html><title>Maintenance</title></html>", {
    status,
    headers: { "content-type": "text/html" },
  });
}

/** An answer that never comes. */
export function hang({ signal }: TokenRequest): Promise<Response> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

/** The scene; dispose of it to get real time back. */
export class Scene implements Disposable {
  readonly requests: TokenRequest[] = [];
  readonly calls: Call[] = [];
  readonly authenticator: ClientCredentialsAuthenticator;
  tokens: (request: TokenRequest) => Response | Promise<Response>;
  api: (request: ApiRequest) => number;
  readonly #time = new FakeTime(1_800_000_000_000);
  readonly #start = Date.now();
  readonly #random = Math.random;
  #isBusy = false;

  constructor({ tokens, api, ...options }: SceneOptions = {}) {
    // Jitter would make a figure of one run another one in the next.
    Math.random = () => 0.5;
    this.tokens = tokens ?? (({ number }) => token(number));
    this.api = api ?? (() => 200);
    this.authenticator = new ClientCredentialsAuthenticator({
      endpoint: "https://api.test",
      clientId: "id",
      clientSecret: "s3cret",
      configStore: new StaticClientConfigStore({
        tokenEndpoint: "https://auth.test/token",
        revocationEndpoint: "https://auth.test/revoke",
      }),
      clock: { wall: () => Date.now(), monotonic: () => Date.now() - this.#start },
      fetch: (input, init) => this.#fetch(new URL(String(input)), init),
      ...options,
    });
  }

  /** Milliseconds since the scene began. */
  get now(): number {
    return Date.now() - this.#start;
  }

  [Symbol.dispose](): void {
    Math.random = this.#random;
    this.#time.restore();
  }

  /** Starts a call of the API. */
  call(path = "/", fetch: typeof this.authenticator.fetch = this.authenticator.fetch): Call {
    const call = this.#newCall(path);
    fetch(path).then(({ status }) => call.status = status, (error) => call.error = error)
      .finally(() => call.end = this.now);
    return call;
  }

  /** Starts a call for credentials. */
  get(authenticator: ClientCredentialsAuthenticator = this.authenticator): Call {
    const call = this.#newCall("credentials");
    authenticator.getCredentials().then(() => call.status = 200, (error) => call.error = error)
      .finally(() => call.end = this.now);
    return call;
  }

  /** Lets time pass; at each of the moments `every` milliseconds apart, `act` is called first. */
  async pass(ms: number, options: { every?: number; act?: () => void; step?: number } = {}): Promise<void> {
    const { every = ms, act, step = 50 } = options;
    const end = this.now + ms;
    await this.settle();
    for (let next = this.now; this.now < end;) {
      if (act && this.now >= next) {
        act();
        next += every;
        await this.settle();
      }
      // In small steps, for timers that are set when others fire count from the end of the step.
      const stop = Math.min(end, act ? next : end, this.now + step);
      this.#time.tick(stop - this.now);
      await this.settle();
    }
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    do {
      // Bodies may need more than microtasks.
      const wasBusy = this.#isBusy;
      this.#isBusy = false;
      for (let count = 0; count < 80; count++) await Promise.resolve();
      if (wasBusy) await new Promise((resolve) => realSetTimeout(resolve, 0));
    } while (this.#isBusy);
  }

  /** The token requests made since a moment. */
  requestsSince(start: number): TokenRequest[] {
    return this.requests.filter(({ at }) => at >= start);
  }

  #newCall(path: string): Call {
    const call: Call = { path, start: this.now, end: undefined, status: undefined, error: undefined };
    this.calls.push(call);
    return call;
  }

  async #fetch(url: URL, init: RequestInit | undefined): Promise<Response> {
    init?.signal?.throwIfAborted();
    if (url.origin === "https://api.test") {
      const carried = new Headers(init?.headers).get("authorization") ?? "";
      const number = Number(carried.replace("Bearer token-", "")) || 0;
      const status = this.api({ path: url.pathname, token: number, at: this.now });
      return new Response(null, { status });
    }
    this.#isBusy = true;
    const request = {
      number: this.requests.length + 1,
      at: this.now,
      body: new URLSearchParams(String(init?.body)),
      signal: init?.signal ?? undefined,
    };
    this.requests.push(request);
    const response = await this.tokens(request);
    this.#isBusy = true;
    return response;
  }
}

/** The calls that came to nothing: an error, a 401, or still pending. */
export function failed(calls: readonly Call[]): Call[] {
  return calls.filter(({ status }) => status !== 200);
}

/** How long calls waited, in milliseconds: the shortest first; those that are pending have waited until `now`. */
export function waits(calls: readonly Call[], now: number): number[] {
  return calls.map(({ start, end = now }) => end - start).sort((a, b) => a - b);
}

/** The value that `share` of the sorted numbers don't exceed. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** The most requests within any span of so many milliseconds. */
export function mostWithin(span: number, requests: readonly TokenRequest[]): number {
  return Math.max(
    0,
    ...requests.map(({ at }) => requests.filter((other) => other.at >= at && other.at < at + span).length),
  );
}

/** The error's fields that the tests look at. */
export function errorOf({ error }: Call): Partial<AuthenticationError> {
  return error instanceof AuthenticationError ? error : {};
}
