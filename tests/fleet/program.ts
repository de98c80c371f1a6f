/**
 * One process of the fleet. It calls the API steadily once its standard input says so, and ends with it. Prints JSON lines:
 * that it is ready, its authenticator's events, each call that failed, and at the end the number of calls.
 *
 * @module
 */

import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
import { sharedTokens, type SharedTokensOptions } from "@m2m/authenticator/token-store";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { type EngineName, openStore } from "./stores.ts";

/** What a process is told, as its only argument. */
export interface ProgramSettings {
  readonly engine: EngineName;
  /** Where the store is. */
  readonly address: string;
  readonly endpoint: string;
  readonly tokenEndpoint: string;
  /** Its number, which servers are told. */
  readonly index: number;
  /** By how much its wall clock is off, in milliseconds. */
  readonly skew: number;
  readonly sharing: SharedTokensOptions;
}

/** What it prints. */
export type ProgramReport =
  | { readonly type: "ready" }
  | { readonly type: "event"; readonly name: string }
  | { readonly type: "failed"; readonly why: string }
  | { readonly type: "done"; readonly calls: number };

/** The pause between two calls, in milliseconds. */
const interval = 400;

const settings: ProgramSettings = JSON.parse(process.argv[2]!);
const print = (report: ProgramReport) => void process.stdout.write(`${JSON.stringify(report)}\n`);

const store = await openStore(settings.engine, settings.address);
const { endpoint, tokenEndpoint, index, skew, sharing } = settings;
const authenticator = new ClientCredentialsAuthenticator({
  endpoint,
  clientId: "fleet",
  clientSecret: "one-secret-for-all",
  configStore: new StaticClientConfigStore({ tokenEndpoint }),
  clock: { wall: () => Date.now() + skew, monotonic: () => performance.now() },
  tokenStore: sharedTokens(store, { ...sharing, partition: "fleet" }),
  beforeTokenRequest: ({ headers }) => {
    headers.set("sent-by", String(index));
    headers.set("sent-at", String(Date.now()));
  },
  onEvent: (event) => {
    const { type, failure = "" } = { failure: undefined, ...event };
    if (type !== "token_reused") print({ type: "event", name: `${type} ${failure}`.trim() });
  },
});

let calls = 0;
async function call(): Promise<void> {
  calls++;
  try {
    const response = await authenticator.fetch("", { headers: { "sent-by": String(index) } });
    const text = await response.text();
    if (!response.ok) print({ type: "failed", why: `${response.status} ${text}` });
  } catch (error) {
    print({ type: "failed", why: String(Object(error).cause ?? error) });
  }
}

// Both can be reached: no part of a cold start takes the runtime's own time, which 32 processes on two cores have little of.
await store.get("none", { signal: AbortSignal.timeout(30_000) });
await (await fetch(endpoint)).text();

/** Calls one by one: a machine that is too busy isn't made busier. */
async function callSteadily(): Promise<void> {
  for (;;) {
    await call();
    await sleep(interval);
  }
}

print({ type: "ready" });
for await (const _ of createInterface({ input: process.stdin })) void callSteadily();
print({ type: "done", calls });
process.exit(0);
