/**
 * A small world under one scheduler: an authenticator, an authorization server, an API, a clock and callers. Everything
 * in it happens one by one, in an order that a property test chooses, and each law is checked as it goes.
 *
 * @module
 */

import { assert, assertStrictEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type fc from "fast-check";
import { AuthenticationError, Authenticator, Credentials, type IssuedCredentials } from "../../mod.ts";

/** How a token request ends: with a token of this lifetime in milliseconds, an error, or never. */
export type Outcome = { lifetime: number | undefined } | AuthenticationError | "never";

/** What happens next. Numbers are in milliseconds. */
export type Command =
  | { type: "get" | "refresh" | "fetch" | "revoke" | "step" }
  | { type: "abort"; which: number }
  | { type: "pass" | "skew"; time: number };

/** How long a token lives whose server doesn't say. */
const defaultLifetime = 300_000;
const callersReason = new Error("the caller's own reason");

interface Token {
  start: number;
  answered: number;
  lifetime: number;
  accepted: boolean;
  revoked: boolean;
  /** Whether the authenticator has seen that the API rejected it. */
  noted: boolean;
}

interface Call {
  controller: AbortController;
  settled: boolean;
}

export class World implements AsyncDisposable {
  /** How many token requests there were. */
  requests = 0;
  /** How many tokens were revoked after the API had accepted them. */
  revocations = 0;
  readonly #scheduler: fc.Scheduler;
  readonly #outcomes: readonly Outcome[];
  readonly #time = new FakeTime(1_800_000_000_000);
  readonly #tokens = new Map<string, Token>();
  readonly #calls: Call[] = [];
  readonly #unnoted: Token[] = [];
  readonly #violations: unknown[] = [];
  readonly #authenticator: Authenticator;
  #skew = 0;
  #active = 0;
  /** The tokens that were rejected for each call, by its signal. */
  readonly #rejected = new WeakMap<AbortSignal, Set<Token>>();
  #isCalm = false;
  #wasSlow = false;
  #wasSetBack = false;
  /** Whether there was a reason to refresh a young token. */
  #wasUrged = false;

  constructor(scheduler: fc.Scheduler, outcomes: readonly Outcome[]) {
    this.#scheduler = scheduler;
    this.#outcomes = outcomes;
    const options = {
      endpoint: "https://api.test",
      defaultLifetime,
      clock: { wall: () => this.#wallNow, monotonic: () => this.#time.now },
      fetch: (_: unknown, init?: RequestInit) => this.#respond(new Headers(init?.headers), init?.signal ?? undefined),
      onEvent: (event: { type: string; willRefresh?: boolean }) => {
        // A new token that is rejected too stays in use for a while.
        if (event.type === "token_rejected" && !event.willRefresh) this.#unnoted.length = 0;
      },
    };
    const source = ({ signal }: { signal: AbortSignal }) => this.#answer(signal);
    this.#authenticator = new class extends Authenticator {}(options, () => source);
  }

  /** Runs the commands, checks the laws, and lets every call settle in the end. */
  async run(commands: readonly Command[]): Promise<void> {
    for (const command of commands) {
      this.#do(command);
      await this.#calm();
      if (command.type === "step" && this.#scheduler.count() > 0) await this.#step();
      this.#check();
    }
    await this.#settle("every call settles");
    // From now on all is well: the next caller gets a token.
    this.#isCalm = true;
    // Attempts are given up meanwhile, and pauses end.
    for (let passed = 0; passed < 120_000; passed += 5_000) {
      while (this.#scheduler.count() > 0) await this.#step();
      this.#time.tick(5_000);
      await this.#calm();
    }
    this.#do({ type: "get" });
    await this.#settle("the first call after the failures settles");
    this.#check();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#authenticator[Symbol.asyncDispose]();
    for (let count = 0; this.#scheduler.count() > 0 && count < 1_000; count++) await this.#step();
    await closed;
    await this.#calm();
    this.#time.restore();
    assert(this.#active === 0, "nothing is under way after the end");
  }

  /** What the wall clock says; true time is that of `#time`. */
  get #wallNow(): number {
    return this.#time.now + this.#skew;
  }

  #check(): void {
    assert(this.#violations.length === 0, String(this.#violations[0]));
  }

  #do(command: Command): void {
    const authenticator = this.#authenticator;
    switch (command.type) {
      case "get":
        return this.#call(async (options) => void this.#use((await authenticator.getCredentials(options)).accessToken));
      case "refresh":
        this.#wasUrged = true;
        return this.#call(async (options) =>
          void this.#use((await authenticator.refreshCredentials(options)).accessToken)
        );
      case "fetch":
        return this.#call((options) => authenticator.fetch("/", options));
      case "abort":
        return this.#calls[command.which % Math.max(this.#calls.length, 1)]?.controller.abort(callersReason);
      case "revoke":
        return this.#revoke();
      case "pass":
        // The server is slow for as long as its answer isn't let through: a deadline may end then.
        this.#wasSlow ||= this.#active > 0;
        return this.#time.tick(command.time);
      case "skew":
        this.#wasUrged = true;
        this.#skew += command.time;
        this.#wasSetBack ||= command.time < 0;
    }
  }

  #call(make: (options: { signal: AbortSignal }) => Promise<unknown>): void {
    const call: Call = { controller: new AbortController(), settled: false };
    const { signal } = call.controller;
    this.#calls.push(call);
    make({ signal }).catch((error) => {
      if (signal.aborted) return assertStrictEquals(error, callersReason);
      assert(error instanceof AuthenticationError, String(error));
      if (error.code === "timeout" && this.#wasSlow && !this.#isCalm) return;
      const mayFail = this.#outcomes.some((outcome) => !isToken(outcome)) && !this.#isCalm;
      assert(mayFail, `it failed for no reason: ${error}`);
    }).catch((error) => this.#violations.push(error)).finally(() => call.settled = true);
  }

  /** The authorization server. */
  #answer(signal: AbortSignal): Promise<IssuedCredentials> {
    const { promise, resolve, reject } = Promise.withResolvers<IssuedCredentials>();
    const outcome = this.#isCalm ? { lifetime: 3_600_000 } : this.#outcomes[this.requests % this.#outcomes.length]!;
    const accessToken = `token-${++this.requests}`;
    const [start, requestedAt] = [this.#time.now, this.#wallNow];
    if (++this.#active > 1) this.#violations.push("two token requests at once");
    const last = [...this.#tokens.values()].at(-1);
    const isYoung = last !== undefined && !last.noted && !last.revoked && start - last.start < last.lifetime / 2;
    if (isYoung && !this.#wasUrged) this.#violations.push("a young token was refreshed");
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    void this.#scheduler.schedule(Promise.resolve(), accessToken).then(() => {
      if (signal.aborted || outcome === "never") return;
      if (!isToken(outcome)) return reject(outcome);
      const { lifetime = defaultLifetime } = outcome;
      const fresh = { accepted: false, revoked: false, noted: false };
      this.#tokens.set(accessToken, { start, answered: this.#time.now, lifetime, ...fresh });
      const expiresAt = outcome.lifetime && requestedAt + outcome.lifetime;
      resolve({ credentials: new Credentials({ accessToken, expiresAt }) });
    });
    return promise.finally(() => this.#active--);
  }

  /** The API. */
  async #respond(headers: Headers, signal: AbortSignal | undefined): Promise<Response> {
    const token = this.#use(headers.get("authorization")?.slice("Bearer ".length));
    signal?.throwIfAborted();
    await this.#scheduler.schedule(Promise.resolve(), "the API");
    signal?.throwIfAborted();
    if (token?.revoked) {
      const rejected = this.#rejected.get(signal!) ?? new Set();
      if (rejected.has(token)) this.#violations.push("a call was replayed with a token that was rejected for it");
      this.#rejected.set(signal!, rejected.add(token));
      this.#unnoted.push(token);
      return new Response(null, { status: 401 });
    }
    if (token) token.accepted = true;
    return new Response(null, { status: 200 });
  }

  /** Revokes a token that was accepted, so that the next one will be. */
  #revoke(): void {
    for (const token of this.#tokens.values()) {
      if (token.revoked || !token.accepted) continue;
      token.revoked = true;
      this.revocations++;
    }
  }

  /** Checks a token at the moment it is given to a caller or sent. */
  #use(name = ""): Token | undefined {
    const token = this.#tokens.get(name);
    if (token === undefined) this.#violations.push(`${name} is no token of this server`);
    else {
      // Where the wall clock is set back to a moment at which the token was looked at, that look counts for a second.
      const hasExpired = this.#time.now - token.start >= token.lifetime && !this.#wasSetBack;
      // One that had expired on arrival is all there is for the callers that waited.
      const isLate = hasExpired && this.#time.now !== token.answered;
      if (isLate) this.#violations.push(`${name} was used after it had expired`);
      // A rejected token stays in use until there is one that wasn't.
      const later = [...this.#tokens.values()];
      const isReplaced = later.slice(later.indexOf(token) + 1).some(({ noted }) => !noted);
      if (token.noted && isReplaced) this.#violations.push(`${name} was used after it was rejected and replaced`);
    }
    return token;
  }

  async #step(): Promise<void> {
    await this.#scheduler.waitNext(1);
    await this.#calm();
    for (const token of this.#unnoted.splice(0)) token.noted = true;
  }

  async #settle(law: string): Promise<void> {
    for (let count = 0; count < 2_000 && this.#calls.some(({ settled }) => !settled); count++) {
      if (this.#scheduler.count() > 0) await this.#step();
      else this.#time.tick(500);
      await this.#calm();
    }
    assert(this.#calls.every(({ settled }) => settled), `${law}: not so`);
  }

  /** Lets everything happen that needs neither time nor an answer. */
  async #calm(): Promise<void> {
    for (let count = 0; count < 60; count++) await Promise.resolve();
  }
}

function isToken(outcome: Outcome): outcome is { lifetime: number | undefined } {
  return outcome !== "never" && "lifetime" in outcome;
}
