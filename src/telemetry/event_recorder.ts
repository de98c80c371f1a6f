/**
 * Records the events of one authenticator.
 *
 * @module
 */

import type { Attributes, MeterProvider, TracerProvider } from "@opentelemetry/api";
import type { AuthenticatorEvent } from "../events.ts";
import { findInstruments, type Instruments, scope } from "./instruments.ts";
import type { KnownLifetime } from "./lifetimes.ts";
import { TokenRequests } from "./token_requests.ts";

/** Turns the events of one authenticator into spans and measurements. */
export class EventRecorder implements KnownLifetime {
  readonly attributes: Attributes;
  expiresAt: number | undefined;
  readonly #requests: TokenRequests;
  #provider: MeterProvider | undefined;
  #instruments: Instruments | undefined;

  constructor(attributes: Attributes) {
    this.attributes = attributes;
    this.#requests = new TokenRequests(attributes);
  }

  /** Takes note of an event. */
  record(event: AuthenticatorEvent, meters: MeterProvider, tracers: Pick<TracerProvider, "getTracer">): void {
    const instruments = this.#findInstruments(meters);
    switch (event.type) {
      case "token_reused":
        this.#setExpiry(event.remainingLifetime);
        break;
      case "token_requested":
        this.#requests.start(event, tracers.getTracer(scope), instruments);
        break;
      case "token_issued":
        this.#setExpiry(event.remainingLifetime);
        this.#requests.end(event, instruments);
        break;
      case "token_request_failed":
        this.#requests.end(event, instruments);
        break;
      case "token_awaited":
        instruments.waitDuration.record(
          event.duration / 1_000,
          this.#addAttributes({ "m2m.reason": event.reason, "m2m.outcome": event.outcome }),
        );
        break;
      case "token_rejected":
        instruments.rejections.add(1, this.#addAttributes({ "m2m.will_refresh": event.willRefresh }));
        break;
      case "request_replayed":
        instruments.replays.add(1, this.#addAttributes({ "m2m.status_class": `${Math.floor(event.status / 100)}xx` }));
        break;
      case "token_omitted":
        instruments.omissions.add(1, this.#addAttributes({ "m2m.reason": event.reason }));
        break;
      case "token_store_hit":
        this.#setExpiry(event.remainingLifetime);
        instruments.storeOperations.add(1, this.#addAttributes({ "m2m.outcome": "hit" }));
        break;
      case "token_store_miss":
        instruments.storeOperations.add(1, this.#addAttributes({ "m2m.outcome": "miss" }));
        break;
      case "token_shared":
        instruments.storeOperations.add(1, this.#addAttributes({ "m2m.outcome": "shared" }));
        break;
      case "token_store_bypassed":
        instruments.storeOperations.add(
          1,
          this.#addAttributes({ "m2m.outcome": "bypassed", "error.type": event.failure }),
        );
    }
  }

  /** Reports to this provider from now on: the global one may be registered later than the first event. */
  #findInstruments(provider: MeterProvider): Instruments {
    if (this.#instruments && provider === this.#provider) return this.#instruments;
    const instruments = findInstruments(provider);
    instruments.lifetimes.add(this);
    this.#provider = provider;
    return this.#instruments = instruments;
  }

  #setExpiry(remainingLifetime: number): void {
    this.expiresAt = Date.now() + remainingLifetime;
  }

  #addAttributes(attributes: Attributes): Attributes {
    return { ...this.attributes, ...attributes };
  }
}
