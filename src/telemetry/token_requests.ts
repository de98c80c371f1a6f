/**
 * Token requests: a span for each, their number, and how long they took.
 *
 * @module
 */

import { type Attributes, type Span, SpanKind, SpanStatusCode, type Tracer } from "@opentelemetry/api";
import type { TokenIssuedEvent, TokenRequestedEvent, TokenRequestFailedEvent } from "../events.ts";
import type { Instruments } from "./instruments.ts";

/** A request that was sent, and whose attempt goes on. */
interface OpenRequest {
  readonly event: TokenRequestedEvent;
  readonly start: number;
  readonly span: Span;
}

/** The token requests of one authenticator, which sends one at a time. */
export class TokenRequests {
  readonly #attributes: Attributes;
  #open: OpenRequest | undefined;

  constructor(attributes: Attributes) {
    this.#attributes = attributes;
  }

  /** Takes note of a request that is sent now. */
  start(event: TokenRequestedEvent, tracer: Tracer, instruments: Instruments): void {
    // In the same attempt: the server wanted a DPoP nonce, or the other secret. On workerd, a new attempt may take the
    // place of one whose API request has ended.
    this.#end({ "m2m.outcome": "repeated" }, instruments);
    const attributes = { ...this.#describe(event), "m2m.attempt": event.attempt };
    // The HTTP client's own span, if there is one, is CLIENT. Both have the caller's as their parent.
    const span = tracer.startSpan("m2m.token.request", { kind: SpanKind.INTERNAL, attributes });
    this.#open = { event, span, start: performance.now() };
  }

  /** Takes note of the end of an attempt, which may have sent no request. */
  end(event: TokenIssuedEvent | TokenRequestFailedEvent, instruments: Instruments): void {
    const error = event.type === "token_issued" ? undefined : describeError(event);
    if (error) instruments.failures.add(1, { ...this.#describe(event), ...error });
    this.#end({ "m2m.outcome": error ? "failed" : "issued", ...error }, instruments);
  }

  #end(outcome: Attributes, { requests, requestDuration }: Instruments): void {
    if (this.#open === undefined) return;
    const { event, span, start } = this.#open;
    this.#open = undefined;
    const attributes = { ...this.#describe(event), ...outcome };
    requests.add(1, attributes);
    requestDuration.record((performance.now() - start) / 1_000, attributes);
    span.setAttributes(outcome);
    if ("error.type" in outcome) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }

  #describe({ reason, background }: Omit<TokenRequestedEvent, "type">): Attributes {
    return { ...this.#attributes, "m2m.reason": reason, "m2m.background": background };
  }
}

function describeError({ code, status }: TokenRequestFailedEvent): Attributes {
  return { "error.type": code ?? "_OTHER", ...status !== undefined && { "http.response.status_code": status } };
}
