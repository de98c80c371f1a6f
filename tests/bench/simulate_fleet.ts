/**
 * A fleet on a virtual clock: all start within one second, and are restarted likewise half-way. Instances are the real
 * code, each with a token of its own; they call at their own steady rates. The argument is a {@linkcode Simulation}, as
 * JSON; its {@linkcode Course} is printed likewise.
 *
 * @module
 */

import { Credentials, refreshing } from "@m2m/authenticator";
import { sharedSource, sharedTokens } from "@m2m/authenticator/token-store";
import type { TimedToken } from "../../src/refresh/issued_token.ts";
import { handMadeCache } from "./clients/client.ts";
import { startVirtualTime } from "./virtual_time.ts";
import { watchedStore } from "./watched_store.ts";

/** What is simulated. Times in milliseconds. */
export interface Simulation {
  /** What instances are: a cache by hand, or ours, alone or with a store. */
  readonly kind: "by hand" | "alone" | "with a store" | "with a store without leases";
  readonly instances: number;
  readonly duration: number;
  /** Makes every call, those too that can't change anything. Default: `false`. */
  readonly everyCall?: boolean;
}

/** What came of it. */
export interface Course {
  /** Token requests and operations of the store in each second. */
  readonly requests: readonly number[];
  readonly operations: readonly number[];
  /** How many different tokens an instance used, on average; a restarted one goes on counting. */
  readonly tokens: number;
}

const second = 1_000;
/** How long a token lives, how far away the token endpoint and the store are, and how often instances call. */
export const setting = {
  lifetime: 3_600 * second,
  endpointDelay: 150,
  storeDelay: 2,
  shortestPeriod: 1 * second,
  periodSpread: 19 * second,
};

if (import.meta.main) console.log(JSON.stringify(await simulate(JSON.parse(Deno.args[0]!))));

async function simulate({ kind, instances, duration, everyCall = false }: Simulation): Promise<Course> {
  const time = startVirtualTime(1);
  const counts = () => new Array<number>(duration / second).fill(0);
  const [requests, operations] = [counts(), counts()];
  const count = (counts: number[]) => void counts[Math.floor(time.now() / second)]!++;
  /** The last token of each. */
  const used: string[] = [];
  let [issued, tokens, failures] = [0, 0, 0];

  const request = async () => {
    count(requests);
    const access_token = `token-${++issued}`;
    await time.pass(setting.endpointDelay);
    return { access_token, expires_in: setting.lifetime / second };
  };
  const source = async () => {
    const expiresAt = Date.now() + setting.lifetime;
    const { access_token: accessToken } = await request();
    return { credentials: new Credentials({ accessToken, expiresAt }) };
  };
  const { lease, ...values } = watchedStore(() => {
    count(operations);
    return time.pass(setting.storeDelay);
  }, time.now);
  const store = kind === "with a store" ? { ...values, lease } : values;

  /** Makes an instance, which says when it has a new token, and up to when a call then changes nothing. */
  const make = (told: (accessToken: string, dueAt: number) => void) => {
    if (kind === "by hand") {
      const get = handMadeCache(async () => {
        const answer = await request();
        told(answer.access_token, time.now() + setting.lifetime);
        return answer;
      });
      return { get, close() {} };
    }
    const shared = kind === "alone" ? source : sharedSource(source, { sharing: sharedTokens(store), name: "fleet" });
    let isClosed = false;
    // An event for each token, those of the store, too.
    const tokens = refreshing(async (request) => ({ ...await shared(request), isStored: false }), {
      onEvent({ type }) {
        if (type === "token_request_failed" && !isClosed) failures++;
        if (type !== "token_issued") return;
        const { credentials, start, refreshAge } = tokens.last as TimedToken;
        told(credentials.accessToken, start.monotonic + refreshAge);
      },
    });
    return {
      get: tokens.get,
      close() {
        isClosed = true;
        tokens.close(new Error("It was restarted."));
      },
    };
  };

  /** Starts an instance, which is called from a moment on, until another. */
  const start = (index: number, first: number, end: number) => {
    const period = Math.round(setting.shortestPeriod + Math.random() * setting.periodSpread);
    const callFrom = (moment: number) => {
      const next = first + Math.ceil((moment - first) / period) * period;
      if (next < end) time.at(next, call);
    };
    const call = () => {
      instance.get();
      if (everyCall) callFrom(time.now() + 1);
    };
    const instance = make((accessToken, dueAt) => {
      if (accessToken !== used[index]) tokens++;
      used[index] = accessToken;
      if (!everyCall) callFrom(Math.max(dueAt, time.now() + 1));
    });
    time.at(first, call);
    time.at(end, instance.close);
  };

  for (const [from, end] of [[0, duration / 2], [duration / 2, duration]] as const) {
    for (let index = 0; index < instances; index++) {
      start(index, from + Math.floor(Math.random() * second), end);
    }
    await time.runUntil(end);
  }
  if (failures > 0) throw new Error(`${failures} attempts to get a token failed.`);
  return { requests, operations, tokens: tokens / instances };
}
