/**
 * Minutes and hours of traffic in milliseconds: an authenticator, or tokens that are kept fresh, in virtual time.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import {
  type AuthenticationError,
  type ClientCredentialsAuthenticator,
  type ClientCredentialsAuthenticatorOptions,
  Credentials,
  type Fetch,
  type IssuedCredentials,
  type TokenSource,
} from "@m2m/authenticator";
import type { TimedToken } from "../../src/refresh/issued_token.ts";
import { refreshing } from "../../src/refresh/refreshing.ts";
import type { RefreshingOptions, Tokens } from "../../src/refresh/tokens.ts";
import { authenticatorAt } from "../authenticator_at.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

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

  /** Says what becomes of something to come. */
  watch<T>(promise: Promise<T>): Watched<T> {
    const watched: Watched<T> = { start: this.now };
    promise.then((value) => watched.value = value, (error) => watched.error = error)
      .finally(() => watched.end = this.now);
    return watched;
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

/** A request at the token endpoint. `number` is from 1, `at` in milliseconds since the scene began. */
export interface TokenRequest {
  readonly number: number;
  readonly at: number;
  readonly form: URLSearchParams;
  readonly signal: AbortSignal | undefined;
}

/** What has become of a call so far. */
export interface Watched<T> {
  readonly start: number;
  end?: number;
  value?: T;
  error?: AuthenticationError;
}

/** A call by a program that uses the authenticator. Its value is the status: 200 for credentials, too. */
export type Call = Watched<number> & { readonly path: string };

/** Options of {@linkcode Scene}. */
export interface SceneOptions extends Partial<ClientCredentialsAuthenticatorOptions> {
  /** What the token endpoint answers. Default: a token of an hour. */
  tokens?: (request: TokenRequest) => Response | Promise<Response>;
  /** The status that the API answers with, given the number of the token that comes. Default: 200. */
  api?: (request: { path: string; token: number }) => number;
}

/** One authenticator between a scripted token endpoint, which revokes tokens too, and a scripted API. */
export class Scene extends VirtualTime {
  readonly requests: TokenRequest[] = [];
  readonly calls: Call[] = [];
  readonly authenticator: ClientCredentialsAuthenticator;

  constructor({ tokens = ({ number }) => token(number), api = () => 200, ...options }: SceneOptions = {}) {
    super();
    const stub = tokenEndpointStub(async (number, { form, init: { signal } }) => {
      const request = { number, at: this.now, form, signal: signal ?? undefined };
      this.requests.push(request);
      this.isBusy = true;
      const response = await tokens(request);
      this.isBusy = true;
      return response;
    });
    const fetch: Fetch = async (input, init) => {
      init?.signal?.throwIfAborted();
      const { origin, pathname: path } = new URL(String(input));
      if (origin !== "https://api.test") return await stub.fetch(input, init);
      const number = Number(new Headers(init?.headers).get("authorization")?.replace("Bearer token-", ""));
      return new Response(null, { status: api({ path, token: number }) });
    };
    const clock = { wall: () => Date.now(), monotonic: () => this.now };
    this.authenticator = authenticatorAt(stub, { clock, fetch, ...options }, { revocationEndpoint: stub.url });
  }

  /** Starts a call of the API. */
  call(path = "/"): void {
    const status = this.authenticator.fetch(path).then(({ status }) => status);
    this.calls.push(Object.assign(this.watch(status), { path }));
  }

  /** Starts a call for credentials. */
  get(authenticator: ClientCredentialsAuthenticator = this.authenticator): void {
    const status = authenticator.getCredentials().then(() => 200);
    this.calls.push(Object.assign(this.watch(status), { path: "credentials" }));
  }

  /** The token requests made since a moment. */
  requestsSince(start: number): TokenRequest[] {
    return this.requests.filter(({ at }) => at >= start);
  }

  /** So many authenticators derived from this one. */
  derive(count: number): ClientCredentialsAuthenticator[] {
    return Array.from({ length: count }, (_, index) => this.authenticator.with({ scopes: [`tenant-${index}`] }));
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
export function page(): Response {
  return new Response("<html></html>", { headers: { "content-type": "text/html" } });
}

/** An answer without a body. */
export function bare(status: number, headers: HeadersInit = {}): Response {
  return new Response(null, { status, headers });
}

/** An answer that never comes. */
export function hang({ signal }: { signal: AbortSignal | undefined }): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

/** The calls that came to nothing: an error, a 401, or still pending. */
export function failed(calls: readonly Call[]): Call[] {
  return calls.filter(({ value }) => value !== 200);
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
