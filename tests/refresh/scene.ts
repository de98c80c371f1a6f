/**
 * Minutes and hours of traffic in milliseconds: an authenticator, or tokens that are kept fresh, in virtual time.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import {
  type AuthenticationError,
  ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  Credentials,
  type IssuedCredentials,
  StaticClientConfigStore,
  type TokenSource,
} from "@m2m/authenticator";
import type { TimedToken } from "../../src/refresh/issued_token.ts";
import { refreshing } from "../../src/refresh/refreshing.ts";
import type { RefreshingOptions, Tokens } from "../../src/refresh/tokens.ts";

const realSetTimeout = globalThis.setTimeout;

/** Time that passes when told to, without jitter; dispose of it to get real time back. */
class VirtualTime implements Disposable {
  /** Whether something is under way that needs more than microtasks, such as reading a body. */
  protected isBusy = false;
  readonly #time = new FakeTime(1_800_000_000_000);
  readonly #start = Date.now();
  readonly #random = Math.random;

  constructor() {
    Math.random = () => 0.5;
  }

  [Symbol.dispose](): void {
    Math.random = this.#random;
    this.#time.restore();
  }

  /** Milliseconds since the scene began. */
  get now(): number {
    return Date.now() - this.#start;
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
      // In small steps: timers that are set when others fire count from the end of the step.
      const stop = Math.min(end, act ? next : end, this.now + step);
      this.#time.tick(stop - this.now);
      await this.settle();
    }
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    do {
      const wasBusy = this.isBusy;
      this.isBusy = false;
      for (let count = 0; count < 80; count++) await Promise.resolve();
      if (wasBusy) await new Promise((resolve) => realSetTimeout(resolve, 0));
    } while (this.isBusy);
  }
}

/** A request at the token endpoint. */
export interface TokenRequest {
  /** From 1. */
  readonly number: number;
  /** In milliseconds since the scene began. */
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
  /** 200 for credentials, too. */
  status: number | undefined;
  /** The fields of its error. */
  error: Partial<AuthenticationError>;
}

/** Options of {@linkcode Scene}. */
export interface SceneOptions extends Partial<ClientCredentialsAuthenticatorOptions> {
  /** What the token endpoint answers. Default: a token of an hour. */
  tokens?: (request: TokenRequest) => Response | Promise<Response>;
  /** The status that the API answers with. Default: 200. */
  api?: (request: ApiRequest) => number;
}

/** One authenticator between a scripted token endpoint and a scripted API. */
export class Scene extends VirtualTime {
  readonly requests: TokenRequest[] = [];
  readonly calls: Call[] = [];
  readonly authenticator: ClientCredentialsAuthenticator;
  readonly #tokens: NonNullable<SceneOptions["tokens"]>;
  readonly #api: NonNullable<SceneOptions["api"]>;

  constructor({ tokens = ({ number }) => token(number), api = () => 200, ...options }: SceneOptions = {}) {
    super();
    this.#tokens = tokens;
    this.#api = api;
    const configStore = new StaticClientConfigStore({
      tokenEndpoint: "https://auth.test/token",
      revocationEndpoint: "https://auth.test/revoke",
    });
    this.authenticator = new ClientCredentialsAuthenticator({
      endpoint: "https://api.test",
      clientId: "id",
      clientSecret: "s3cret",
      configStore,
      clock: { wall: () => Date.now(), monotonic: () => this.now },
      fetch: (input, init) => this.#fetch(new URL(String(input)), init),
      ...options,
    });
  }

  /** Starts a call of the API. */
  call(path = "/"): Call {
    return this.#start(path, this.authenticator.fetch(path));
  }

  /** Starts a call for credentials. */
  get(authenticator: ClientCredentialsAuthenticator = this.authenticator, signal?: AbortSignal): Call {
    return this.#start("credentials", authenticator.getCredentials({ signal }).then(() => ({ status: 200 })));
  }

  /** The token requests made since a moment. */
  requestsSince(start: number): TokenRequest[] {
    return this.requests.filter(({ at }) => at >= start);
  }

  #start(path: string, answer: Promise<{ status: number }>): Call {
    const call: Call = { path, start: this.now, end: undefined, status: undefined, error: {} };
    this.calls.push(call);
    answer.then(({ status }) => call.status = status, (error) => call.error = error)
      .finally(() => call.end = this.now);
    return call;
  }

  async #fetch(url: URL, init: RequestInit | undefined): Promise<Response> {
    init?.signal?.throwIfAborted();
    const at = this.now;
    if (url.origin === "https://api.test") {
      const carried = new Headers(init?.headers).get("authorization") ?? "";
      const token = Number(carried.replace("Bearer token-", "")) || 0;
      return new Response(null, { status: this.#api({ path: url.pathname, token, at }) });
    }
    this.isBusy = true;
    const body = new URLSearchParams(String(init?.body));
    const request = { number: this.requests.length + 1, at, body, signal: init?.signal ?? undefined };
    this.requests.push(request);
    const response = await this.#tokens(request);
    this.isBusy = true;
    return response;
  }
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
  return new Response("<html></html>", { status, headers: { "content-type": "text/html" } });
}

/** An answer without a body. */
export function bare(status: number, headers: HeadersInit = {}): Response {
  return new Response(null, { status, headers });
}

/** An answer that never comes. */
export function hang({ signal }: Pick<TokenRequest, "signal">): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));
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

/** Options of {@linkcode TokensScene}. */
export interface TokensSceneOptions extends RefreshingOptions {
  /** How long the tokens live, in milliseconds; `null`: the server doesn't say. Default: an hour. */
  lifetime?: number | null;
}

/** Tokens that are kept fresh, and a scripted source. */
export class TokensScene extends VirtualTime {
  readonly tokens: Tokens;
  /** How often the source was asked. */
  requests = 0;
  /** What the source fails with at the moment. */
  failure: unknown;
  /** Replaces the source's answers at the moment. */
  source: TokenSource | undefined;
  #wall = 0;
  #monotonic = 0;

  constructor({ lifetime = 3_600_000, ...options }: TokensSceneOptions = {}) {
    super();
    const clock = { wall: () => this.wall, monotonic: () => this.now + this.#monotonic };
    const answer: TokenSource = async (request) => {
      const number = ++this.requests;
      if (this.source) return await this.source(request);
      if (this.failure) throw this.failure;
      return this.issue(`t${number}`, lifetime);
    };
    this.tokens = refreshing(answer, { clock, ...options });
  }

  get wall(): number {
    return Date.now() + this.#wall;
  }

  issue(accessToken: string, lifetime: number | null = 3_600_000): IssuedCredentials {
    const expiresAt = lifetime === null ? undefined : this.wall + lifetime;
    return { credentials: new Credentials({ accessToken, expiresAt }) };
  }

  /** Lets the source wait; returns what makes it answer. */
  holdBack(answer: () => IssuedCredentials | Promise<IssuedCredentials> = () => this.issue("late")): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.source = () => promise.then(answer);
    return resolve;
  }

  /** Moves both clocks on, while no timer is set; or the wall clock alone, as when a machine sleeps. */
  advance(ms: number, clocks: "both" | "wall" = "both"): void {
    this.#wall += ms;
    if (clocks === "both") this.#monotonic += ms;
  }

  /** The token that a caller gets, with its times. */
  async get(): Promise<TimedToken> {
    return await this.tokens.get() as TimedToken;
  }

  /** The token that a caller gets. */
  async use(signal?: AbortSignal): Promise<string> {
    return (await this.tokens.get(signal)).credentials.accessToken;
  }

  /** The token that a call gets whose last one was rejected. */
  async replace(url = "/", replays = 0, rejected = this.tokens.fresh()!): Promise<string | undefined> {
    return (await this.tokens.replace(rejected, { url, replays }))?.credentials.accessToken;
  }
}

/** An answer that never comes, from a source that doesn't listen to its signal either. */
export const silent: TokenSource = () => new Promise<never>(() => {});
