/**
 * Processes that share tokens, their store, an authorization server and an API, under one scheduler: messages and timers
 * happen one by one, in an order that a property test chooses, and each law is checked as it goes.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { assert } from "@std/assert";
import type fc from "fast-check";
import { type AuthenticatorEvent, Credentials, type RefreshReason } from "@m2m/authenticator";
import { sharedTokens, type ShareToken, type TokenStore } from "@m2m/authenticator/token-store";
import { memoryStore } from "./memory.ts";

/** How long a request and its answer may take, in milliseconds, `NaN` where one is lost; `isSlow`: longer than a lease. */
export type Fate = { request?: number; answer?: number; fails?: "undone" | "done"; isTwice?: true; isSlow?: true };

/** What happens next: to a process, by its number, or how many milliseconds pass. */
export type Command = readonly [type: "ask" | "force" | "abort" | "crash" | "pause" | "resume" | Other, by: number];
type Other = "step" | "pass" | "revoke" | "outage";

/** By how much the clock of each process is off; the fourth is another client. Requests without a fate are sound. */
export type Setup = { lifetime: number; skews: number[]; fates: Fate[]; hasClock: boolean; hasLeases: boolean };

/** `isUsedUp`: a process has asked for the next one; `way`: how long it took to the store. */
const newToken = (index: number, clientId: string, end: number) => ({
  ...{ index, clientId, end, isRevoked: false, isUsedUp: false, way: 0, deleted: Infinity },
});
type Token = ReturnType<typeof newToken>;

/** `inbox`: what waits until it goes on. */
const newProcess = (share: ShareToken, clientId: string, skew: number) => ({
  ...{ share, clientId, skew, rejected: new Set<unknown>(), inbox: [] as (() => unknown)[], expiresAt: 0 },
  ...{ isPaused: false, isDead: false, token: undefined as Token | undefined, attempt: undefined as unknown },
});
type Process = ReturnType<typeof newProcess>;

/** `isDisturbed`: a request was lost, late or failed, the process paused or ended, or it was given up or forced. */
const newAttempt = (process: Process, start: number, isDisturbed: boolean) => ({
  ...{ process, start, isDisturbed, isSettled: false, settlesBy: Infinity, readAt: 0, obtained: undefined as unknown },
  giveUp: () => {},
});
type Attempt = ReturnType<typeof newAttempt>;

const [sound, slow, epoch] = [100, 6_000, 1_800_000_000_000];

/** Runs the commands; then all is well again, and each process gets a token. Gives the number of disturbed attempts. */
export async function explore(scheduler: fc.Scheduler, setup: Setup, commands: readonly Command[]): Promise<number> {
  const { lifetime, skews, hasClock, hasLeases } = setup;
  let [now, count, isDown, hasArrived, brokenLaw] = [0, 0, false, false, ""];
  let fates = [...setup.fates];
  let timers: { id: number; due: number; interval: number; attempt: Attempt | undefined; call: () => unknown }[] = [];
  const tokens: Token[] = [];
  const attempts: Attempt[] = [];
  const { values, leases, set, delete: remove, lease } = memoryStore(() => now);
  /** Whose code runs now; the network's, if none's. */
  let current: Attempt | undefined;

  const expect = (isKept: boolean, law: string) => void (isKept || (brokenLaw ||= law));
  const read = (value = "{}") => tokens[JSON.parse(value).accessToken];
  const setTimer = (ms: number, call: () => unknown, attempt = current, interval = 0, id = ++count) => {
    timers.push({ id, due: now + ms, interval, attempt, call });
    timers.sort((a, b) => a.due - b.due);
    return id;
  };
  const clear = (id: number) => void (timers = timers.filter((timer) => timer.id !== id));
  const setTimeout = (call: () => unknown, ms: number) => setTimer(ms, call);
  const setInterval = (call: () => unknown, ms: number) => setTimer(ms, call, current, ms);
  // A module of tests has globals of its own.
  Object.assign(globalThis, { setTimeout, setInterval, clearTimeout: clear, clearInterval: clear });
  Object.assign(performance, { now: () => now });
  Object.assign(Math, { random: () => ++count * 0.618 % 1 });
  // The real one takes a turn of the event loop.
  const digest = (_: unknown, data: Uint8Array) => Promise.resolve(createHash("sha256").update(data).digest().buffer);
  Object.assign(crypto.subtle, { digest });

  async function runFor(attempt: Attempt | undefined, work: () => unknown): Promise<void> {
    if (attempt?.process.isDead) return;
    if (attempt?.process.isPaused) return void attempt.process.inbox.push(() => runFor(attempt, work));
    current = attempt;
    // What code of a process waits for are further messages.
    await (attempt ? void work() : work());
    await calm();
    current = undefined;
  }

  /** Lets time pass: timers, and messages that have been on their way for as long as they may be. */
  async function pass(ms: number): Promise<void> {
    const end = now + ms;
    const find = () => timers.find(({ due, attempt }) => due <= end && !attempt?.process.isPaused);
    for (let timer = find(); timer; timer = find()) {
      const { id, due, interval, attempt, call } = timer;
      now = Math.max(now, due);
      clear(id);
      if (interval) setTimer(interval, call, attempt, interval, id);
      await runFor(attempt, call);
      const isLate = attempts.some(({ isSettled, settlesBy }) => !isSettled && settlesBy < now);
      expect(!isLate, "(d) an attempt settles with its signal");
    }
    now = end;
  }

  /** Sends a message, which arrives when the scheduler says, and within so many milliseconds. */
  function send(arrive: () => unknown, longest: number): void {
    if (Number.isNaN(longest)) return;
    let isHere = false;
    const call = async () => {
      if (isHere) return;
      isHere = hasArrived = true;
      await arrive();
    };
    void scheduler.schedule(Promise.resolve()).then(call);
    timers.push({ id: ++count, due: now + longest, interval: 0, attempt: undefined, call });
    timers.sort((a, b) => a.due - b.due);
  }

  /** Asks the store or the server, where the work is done. */
  function request<T>(work: () => Promise<T>, isOfServer = false): Promise<T> {
    const attempt = current!;
    const { request = sound, answer = sound, fails, isTwice, isSlow } = fates.shift() ?? {};
    attempt.isDisturbed ||= request !== sound || answer !== sound || fails === "done" || !!fails && !isOfServer;
    return new Promise((resolve, reject) => {
      const arrive = async () => {
        const isBroken = isDown && !isOfServer;
        attempt.isDisturbed ||= isBroken;
        const isDone = !isBroken && fails !== "undone";
        if (isDone && isTwice && !isOfServer) await work();
        const result = isDone ? await work() : undefined;
        send(() => runFor(attempt, () => isBroken || fails ? reject(new Error(fails)) : resolve(result!)), answer);
      };
      send(arrive, isOfServer && isSlow ? slow : request);
    });
  }

  const store: TokenStore = {
    get: async (key) => {
      const attempt = current!;
      const found = await request(async () => {
        const { value, end } = await values.get(key) ?? {};
        return value && { value, remainingLifetime: hasClock ? end! - now : undefined };
      });
      attempt.readAt = now;
      return found || undefined;
    },
    set: (key, value, options) => {
      const sent = now;
      return request(async () => {
        const [old, token] = [read(values.get(key)?.value), read(value)!];
        const isWritten = await set(key, value, options);
        if (isWritten) token.way = now - sent;
        expect(!isWritten || !hasLeases || !(old && old.index > token.index), "(a) a token replaces no newer one");
        return isWritten;
      });
    },
    delete: (key, value, options) => {
      const { rejected } = current!.process;
      return request(async () => {
        const old = read(values.get(key)?.value);
        await remove(key, value, options);
        if (!old || values.has(key)) return;
        old.deleted = ++count;
        expect(rejected.has(old), "(g) a token is deleted by a process that rejected it");
      });
    },
    ...hasLeases && {
      lease: {
        acquire: (...options) => request(() => lease!.acquire(...options)),
        extend: (...options) => request(() => lease!.extend(...options)),
        release: (...options) => request(() => lease!.release(...options)),
      },
    },
  };

  function start(skew: number, clientId: string): Process {
    const clock = { wall: () => epoch + now + skew, monotonic: () => now };
    const onEvent = (event: AuthenticatorEvent) => {
      if (event.type === "token_store_bypassed") current!.isDisturbed ||= /backing|held/.test(event.failure);
    };
    return newProcess(sharedTokens(store).open({ clock, onEvent }), clientId, skew);
  }

  /** Needs a token, as an authenticator does. */
  async function ask(process: Process, isForced = false): Promise<void> {
    const { token, expiresAt, skew, clientId, share, isPaused, rejected } = process;
    const left = expiresAt - now - skew;
    if (process.attempt || isPaused || token && !isForced && !token.isRevoked && left >= lifetime / 5) return;
    const known = !token ? "first" : token.isRevoked ? "rejected" : left <= 0 ? "expired" : "proactive";
    const reason: RefreshReason = isForced ? "forced" : known;
    if (reason === "rejected") rejected.add(token);
    if (token) token.isUsedUp = true;
    const attempt = process.attempt = newAttempt(process, ++count, isForced);
    attempts.push(attempt);
    const controller = new AbortController();
    const { signal } = controller;
    const end = () => process.attempt === attempt && (process.attempt = undefined);
    attempt.giveUp = () => {
      Object.assign(attempt, { isDisturbed: true, settlesBy: now + 400 });
      end();
      controller.abort(new Error("given up"));
    };
    const identity = { tokenEndpoint: "https://auth.test/", clientId, grantType: "client_credentials", form: {} };
    const made = { signal, reason, attempt: 1, background: false };
    await runFor(attempt, () => {
      setTimer(10_000, () => attempt.isSettled || attempt.giveUp());
      share(identity, made, () => obtain(attempt, signal)).then(
        ({ credentials }) => signal.aborted || take(credentials, attempt, reason),
        (error) => {
          const isRight = error === attempt.obtained || signal.aborted && error === signal.reason;
          expect(isRight, `(d) an attempt fails with obtain's error or the signal's reason, not ${error}`);
        },
      ).finally(() => attempt.isSettled = !end() || true);
    });
  }

  /** Checks a token, and takes it for a process. */
  function take(credentials: Credentials, attempt: Attempt, reason: RefreshReason): void {
    const { process, start, readAt, obtained, isDisturbed } = attempt;
    const token = tokens[Number(credentials.accessToken)]!;
    const { end, way, deleted, clientId } = token;
    const tolerance = way + (hasClock ? 0 : 300_000);
    const expiresAt = credentials.expiresAt! - epoch;
    const isLive = obtained === credentials || readAt < end + Math.max(0, tolerance - 1_000);
    const isNewer = end + way + 2 * sound > (process.token?.end ?? 0) || isDisturbed || !hasClock ||
      reason === "expired";
    const isAsked = reason !== "forced" || obtained === credentials;
    expect(!process.rejected.has(token), "(b) a token that was rejected isn't given again");
    expect(deleted > start, "(b) a token that was deleted isn't given later");
    expect(isNewer, "(b) a token doesn't give way to an older one");
    expect(isAsked, "(c) a token is a new one of the server, where that was asked for");
    expect(clientId === process.clientId, "(c) a token is the client's");
    expect(isLive, "(c) a token from the store lives");
    expect(expiresAt - process.skew <= end + tolerance + 1, "(c) a token lives as long as is believed");
    Object.assign(process, { token, expiresAt });
  }

  /** Asks the authorization server: one token is needed to start with, one for each that is used up, or disturbance. */
  async function obtain(attempt: Attempt, signal: AbortSignal): Promise<Credentials> {
    const { skew, clientId } = attempt.process;
    const end = now + lifetime;
    const isOwn = (each: { clientId: string }) => each.clientId === clientId;
    const isOver = (token: Token) => token.isUsedUp || now >= token.end - (hasClock ? 1_500 : 301_500);
    // Without the store's clock a token looks old where the clock is ahead: it may take one for each clock.
    const clocks = hasClock ? 1 : new Set([0, ...skews]).size;
    const issue = () => {
      const own = tokens.filter(isOwn);
      const disturbed = attempts.filter(({ isDisturbed, process }) => isDisturbed && isOwn(process));
      const most = 1 + own.filter(isOver).length * clocks + disturbed.length;
      expect(own.length < most || !hasLeases, `(e, f) no more than ${most} tokens are issued`);
      return Promise.resolve(tokens.push(newToken(tokens.length, clientId, end)) - 1);
    };
    const aborted = new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const answer = request(issue, true).then(
      (name) => attempt.obtained = new Credentials({ accessToken: `${name}`, expiresAt: epoch + end + skew }),
      (error) => Promise.reject(attempt.obtained = error),
    );
    return await Promise.race([aborted, answer]);
  }

  async function run([type, by]: Command): Promise<void> {
    const index = by % processes.length;
    const process = processes[index]!;
    const own = attempts.filter((each) => each.process === process && !each.isSettled);
    if (type === "step") {
      for (hasArrived = false; !hasArrived && scheduler.count() > 0; await calm()) await scheduler.waitNext(1);
    } else if (type === "pass") await pass(by);
    else if (type === "revoke") tokens.forEach((token) => token.isRevoked = true);
    else if (type === "outage") isDown = !isDown;
    else if (type === "ask" || type === "force") await ask(process, type === "force");
    else if (type === "abort") { for (const attempt of own) await runFor(attempt, attempt.giveUp); }
    else if (type === "resume") {
      process.isPaused = false;
      process.inbox.splice(0).forEach((deliver) => send(deliver, 50));
    } else {
      own.forEach((each) => Object.assign(each, { isDisturbed: true, settlesBy: Infinity }));
      Object.assign(process, type === "pause" ? { isPaused: true } : { isDead: true });
      if (process.isDead) processes[index] = start(process.skew, process.clientId);
    }
    const isQuiet = attempts.every(({ isSettled, isDisturbed }) => isSettled && !isDisturbed);
    expect(!isQuiet || leases.size === 0, "(h) a lease ends with its attempt");
    assert(!brokenLaw, brokenLaw);
  }

  const processes = skews.map((skew, index) => start(skew, index < 3 ? "client" : "other"));
  for (const command of commands) await run(command);
  [fates, isDown] = [[], false];
  for (const by of processes.keys()) await run(["resume", by]);
  await run(["pass", 60_000]);
  processes.push(start(0, "client"), start(0, "client"));
  // The first token may be one that was revoked meanwhile. The newcomers start at last.
  for (const count of [-2, -2, Infinity]) {
    for (const process of processes.slice(0, count)) await ask(process);
    await run(["pass", 15_000]);
  }
  assert(attempts.every(({ isSettled, process }) => isSettled || process.isDead), "(d) each attempt settles");
  const used = processes.map(({ token }) => token?.index);
  const isWell = !used.includes(undefined) && (used.at(-1) === used.at(-2) || !hasLeases);
  assert(isWell, `when all is well again each has a token, newcomers the same one: ${used}`);
  return attempts.filter(({ isDisturbed }) => isDisturbed).length;
}

/** Lets everything happen that needs neither time nor a message. */
async function calm(): Promise<void> {
  for (let count = 0; count < 40; count++) await Promise.resolve();
}
