/**
 * Tokens that are kept fresh, and a source whose answers a test scripts, in virtual time.
 *
 * @module
 */

import { FakeTime } from "@std/testing/time";
import { type AuthenticatorEvent, Credentials, type IssuedCredentials, type TokenSource } from "@m2m/authenticator";
import { refreshing } from "../../src/refresh/refreshing.ts";
import type { RefreshingOptions, Tokens } from "../../src/refresh/tokens.ts";

/** What a source is scripted with, besides options. */
export interface TokensSceneOptions extends RefreshingOptions {
  /** How long the tokens live, in milliseconds; `null`: the server doesn't say. Default: an hour. */
  lifetime?: number | null;
  source?: TokenSource;
}

/** An answer that never comes, from a source that doesn't listen to its signal either. */
export const silent: TokenSource = () => new Promise<never>(() => {});

/** The scene; dispose of it to get real time back. */
export class TokensScene implements Disposable {
  readonly tokens: Tokens;
  readonly events: AuthenticatorEvent[] = [];
  /** How often the source was asked. */
  requests = 0;
  /** What the source fails with at the moment. */
  failure: unknown;
  /** Replaces the source's answers at the moment. */
  source: TokenSource | undefined;
  readonly #time = new FakeTime(1_800_000_000_000);
  readonly #start = Date.now();
  readonly #random = Math.random;
  #wall = 0;
  #monotonic = 0;

  constructor({ lifetime = 3_600_000, source, ...options }: TokensSceneOptions = {}) {
    Math.random = () => 0.5;
    this.source = source;
    const clock = { wall: () => this.wall, monotonic: () => Date.now() - this.#start + this.#monotonic };
    const answer: TokenSource = async (request) => {
      const number = ++this.requests;
      if (this.source) return await this.source(request);
      if (this.failure) throw this.failure;
      return this.issue(`t${number}`, lifetime);
    };
    this.tokens = refreshing(answer, { clock, onEvent: (event) => this.events.push(event), ...options });
  }

  [Symbol.dispose](): void {
    Math.random = this.#random;
    this.#time.restore();
  }

  get wall(): number {
    return Date.now() + this.#wall;
  }

  issue(accessToken: string, lifetime: number | null = 3_600_000): IssuedCredentials {
    const expiresAt = lifetime === null ? undefined : this.wall + lifetime;
    return { credentials: new Credentials({ accessToken, expiresAt }) };
  }

  /** Moves both clocks on, while no timer is set. */
  advance(ms: number): void {
    this.#wall += ms;
    this.#monotonic += ms;
  }

  setWall(difference: number): void {
    this.#wall += difference;
  }

  /** The machine sleeps: the wall clock alone goes on. */
  sleep(ms: number): void {
    this.#wall += ms;
  }

  /** The token that a caller gets. */
  async use(signal?: AbortSignal): Promise<string> {
    return (await this.tokens.get(signal)).credentials.accessToken;
  }

  /** The token that a call gets whose last one was rejected. */
  async replace(route = "/", replays = 0, rejected = this.tokens.fresh()!): Promise<string | undefined> {
    return (await this.tokens.replace(rejected, { route, replays }))?.credentials.accessToken;
  }

  /** Lets time pass, timers included. */
  async pass(ms: number, step = 50): Promise<void> {
    await this.settle();
    for (let passed = 0; passed < ms; passed += step) {
      this.#time.tick(Math.min(step, ms - passed));
      await this.settle();
    }
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let count = 0; count < 60; count++) await Promise.resolve();
  }
}
