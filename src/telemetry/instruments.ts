/**
 * The instruments of a meter provider.
 *
 * @module
 */

import type { Counter, Histogram, Meter, MeterProvider } from "@opentelemetry/api";
import { Lifetimes } from "./lifetimes.ts";

/** The name of the instrumentation scope. */
export const scope = "@m2m/authenticator";

/** What is measured. The module documentation of `opentelemetry.ts` says what each counts. */
export interface Instruments {
  readonly requests: Counter;
  readonly requestDuration: Histogram;
  readonly failures: Counter;
  readonly waitDuration: Histogram;
  readonly rejections: Counter;
  readonly replays: Counter;
  readonly omissions: Counter;
  readonly storeOperations: Counter;
  readonly lifetimes: Lifetimes;
}

/** Those of OpenTelemetry's conventions for durations of HTTP requests, in seconds, and one for a caller's whole time. */
const explicitBucketBoundaries = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30];

// A provider asks its callbacks as long as it lives: one for all listeners, or those of a thousand tenants would pile up.
const made = new WeakMap<MeterProvider, Instruments>();

/** Finds the instruments of a provider, or makes them. */
export function findInstruments(provider: MeterProvider): Instruments {
  const known = made.get(provider);
  if (known) return known;
  const instruments = makeInstruments(provider.getMeter(scope));
  made.set(provider, instruments);
  return instruments;
}

function makeInstruments(meter: Meter): Instruments {
  const count = (name: string, unit: string, description: string) => {
    return meter.createCounter(`m2m.${name}`, { unit: `{${unit}}`, description });
  };
  const time = (name: string, description: string) => {
    return meter.createHistogram(`m2m.${name}`, { unit: "s", description, advice: { explicitBucketBoundaries } });
  };
  const lifetimes = new Lifetimes();
  meter.createObservableGauge("m2m.token.remaining_lifetime", {
    unit: "s",
    description: "How long the token in use lives from now on.",
  }).addCallback((result) => lifetimes.observe(result));
  return {
    requests: count("token.requests", "request", "Token requests that were sent."),
    requestDuration: time("token.request.duration", "How long token requests took."),
    failures: count("token.failures", "failure", "Failed attempts to get a token, whether or not a request was sent."),
    waitDuration: time("token.wait.duration", "How long callers waited for a token."),
    rejections: count("token.rejections", "rejection", "Tokens that the API rejected."),
    replays: count("request.replays", "request", "Calls that were sent again with another token."),
    omissions: count("token.omissions", "request", "Requests that went out without the token."),
    storeOperations: count("token_store.operations", "operation", "What the token store was of use for."),
    lifetimes,
  };
}
