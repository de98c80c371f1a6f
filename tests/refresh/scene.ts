/**
 * Minutes and hours in milliseconds: tokens that are kept fresh, in virtual time.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import { type AuthenticationError, Credentials, type IssuedCredentials, type TokenSource } from "@m2m/authenticator";
import type { TimedToken } from "../../src/refresh/issued_token.ts";
import { refreshing } from "../../src/refresh/refreshing.ts";
import type { RefreshingOptions, Tokens } from "../../src/refresh/tokens.ts";

const realSetTimeout = globalThis.setTimeout;

/** Time that passes when told to, without jitter; dispose of it to get real time back. */
export class VirtualTime implements Disposable {
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

  /** Watches something for a time. */
  async watchFor<T>(ms: number, promise: Promise<T>): Promise<Watched<T>> {
    const watched = this.watch(promise);
    await this.pass(ms);
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

/** What has become of a call so far. */
export interface Watched<T> {
  readonly start: number;
  end?: number;
  value?: T;
  error?: AuthenticationError;
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

  /** `lifetime`: how long the tokens live, in milliseconds. */
  constructor({ lifetime = 3_600_000, ...options }: RefreshingOptions & { lifetime?: number } = {}) {
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

  issue(accessToken: string, lifetime = 3_600_000): IssuedCredentials {
    return { credentials: new Credentials({ accessToken, expiresAt: this.wall + lifetime }) };
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

/** A scene whose first token was used. */
export async function withToken(options?: ConstructorParameters<typeof TokensScene>[0]): Promise<TokensScene> {
  const scene = new TokensScene(options);
  await scene.use();
  return scene;
}

/** An answer that never comes, from a source that doesn't listen to its signal either. */
export const silent: TokenSource = () => new Promise<never>(() => {});

/** An answer that never comes. */
export function hang({ signal }: { signal?: AbortSignal | null | undefined }): Promise<never> {
  return new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true }));
}
