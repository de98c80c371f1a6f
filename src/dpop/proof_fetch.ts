/**
 * A `fetch` that adds proofs to requests.
 *
 * @module
 */

import { waitFor } from "../refresh/deadlines.ts";
import { discardBody } from "../api_call/bodies.ts";
import { cancel } from "../http/body.ts";
import { type ApiCall, defaultMaxReplayBody, keepBody, readCall, replayBody } from "../api_call/replayable_request.ts";
import { type AuthenticatorEventListener, callQuietly, type ClockCorrectedEvent } from "../events.ts";
import type { Fetch } from "../http/fetch.ts";
import type { ServerClock, ServerClocks } from "../jwt/server_clocks.ts";
import { getProofError } from "./challenge.ts";
import type { Nonces } from "./nonces.ts";
import type { ProofTarget } from "./proof.ts";

/** Makes proofs, and stores the servers' nonces and clocks. */
export interface Prover {
  readonly nonces: Nonces;
  readonly clocks: ServerClocks;
  /** The clocks of the proofs, by the headers of the responses. */
  readonly signedBy: WeakMap<Headers, ServerClock>;
  /** The responses to calls without a token of the scheme `DPoP`. */
  readonly unbound: WeakSet<Response>;
  prove(target: ProofTarget, nonce: string | undefined, clock: ServerClock): Promise<string>;
}

/** Adds a proof to every request. The core repeats a request that needs a nonce, or another time. */
export function proveTokenRequests(fetch: Fetch, prover: Prover): Fetch {
  return async (input, init) => {
    const sending = new Sending(fetch, prover, input, init);
    if (sending.hasProof) return await sending.sendAsIs();
    try {
      return await sending.sendWithProof(undefined, prover.nonces.get(sending.url));
    } finally {
      sending.release();
    }
  };
}

/** Options of {@linkcode proveApiCalls}. */
export interface ApiProofOptions {
  /** The header with the token. */
  readonly headerKey: string;
  readonly onEvent: AuthenticatorEventListener | undefined;
  readonly prover: Prover;
}

/**
 * Adds a proof to each request with a token of the scheme `DPoP` in this header. If the API wants another nonce, or the
 * time of its own clock, the request is sent again, if its body can be.
 */
export function proveApiCalls(fetch: Fetch, { headerKey, onEvent, prover }: ApiProofOptions): Fetch {
  return async (input, init) => {
    const sending = new Sending(fetch, prover, input, init);
    const { url } = sending;
    const accessToken = sending.findAccessToken(headerKey);
    if (accessToken === undefined || sending.hasProof) {
      const response = await sending.sendAsIs();
      if (accessToken === undefined) prover.unbound.add(response);
      return response;
    }
    try {
      let nonce = prover.nonces.get(url);
      let response = await sending.sendWithProof(accessToken, nonce);
      // Each reason is good for one more sending.
      for (const tried = new Set<string>();;) {
        const next = sending.nextNonce;
        const error = getProofError(response) ?? "";
        if (tried.has(error)) return response;
        tried.add(error);
        const mayDiffer = error === "use_dpop_nonce"
          ? next !== nonce
          : error === "invalid_dpop_proof" && sending.followClock(response, onEvent);
        if (!mayDiffer) return response;
        const body = await sending.replayBody();
        if (body === undefined) return response;
        await discardBody(response);
        nonce = next;
        response = await sending.sendWithProof(accessToken, nonce, body);
      }
    } finally {
      sending.release();
    }
  };
}

/** A call of `fetch`, which may be sent again, with different proofs. */
class Sending {
  readonly #fetch: Fetch;
  readonly #prover: Prover;
  #call: ApiCall;
  readonly #headers: Headers;
  readonly #method: string;
  #elapsed = 0;
  /** The nonce after the last response: concurrent calls may each get their own. */
  nextNonce: string | undefined;

  constructor(fetch: Fetch, prover: Prover, input: string | URL | Request, init: RequestInit | undefined) {
    this.#fetch = fetch;
    this.#prover = prover;
    this.#call = readCall(input, init);
    this.#headers = new Headers(this.#call.headers);
    this.#method = normalizeMethod(this.#call.init.method ?? this.#call.request?.method ?? "GET", this.url);
  }

  get url(): string {
    return this.#call.href;
  }

  /**
   * Whether bodies are sent as a `Blob`: where a kept connection breaks, Deno sends others again by itself, with a proof
   * that is used up by then. Before the first answer there is none, and Deno may not be permitted to make one.
   */
  get #takesBlob(): boolean {
    return this.#prover.nonces.hasAnswered(this.url);
  }

  /** Whether the caller has set a proof. */
  get hasProof(): boolean {
    return this.#headers.has("dpop");
  }

  /** Finds a token of the scheme `DPoP`. */
  findAccessToken(headerKey: string): string | undefined {
    return /^DPoP +(\S+)$/i.exec(this.#headers.get(headerKey) ?? "")?.[1];
  }

  replayBody(): Promise<BodyInit | null | undefined> {
    return replayBody(this.#call);
  }

  sendAsIs(): Promise<Response> {
    const { href, request, init } = this.#call;
    return this.#noteNonce(this.#fetch(request ?? href, init));
  }

  /** Tells whether another proof, by the server's clock, may be accepted. */
  followClock({ headers }: Response, onEvent: AuthenticatorEventListener | undefined): boolean {
    const repeat = (_: object, event?: ClockCorrectedEvent) => {
      if (event && onEvent) callQuietly(onEvent, event);
      return true;
    };
    return !!this.#prover.signedBy.get(headers)?.follow({ headers, elapsed: this.#elapsed, repeat });
  }

  /** Sends it with a proof: the first time, or again with the kept body. */
  async sendWithProof(
    accessToken: string | undefined,
    nonce: string | undefined,
    body?: BodyInit | null,
  ): Promise<Response> {
    const headers = new Headers(this.#headers);
    const clock = this.#prover.clocks.at(new URL(this.url));
    headers.set("dpop", await this.#prove({ method: this.#method, url: this.url, accessToken }, nonce, clock));
    const { href, request, init } = this.#call;
    if (body === undefined) {
      const kept = keepBody(request, init, defaultMaxReplayBody);
      this.#call = { ...this.#call, kept };
      body = init.body ?? await this.#readKept();
    }
    const sent = this.#takesBlob ? makeBlob(body, headers) : body;
    const input = this.#call.kept?.request ?? request ?? href;
    const sentAt = clock.wall();
    const response = await this.#noteNonce(this.#fetch(input, { ...init, headers, ...sent != null && { body: sent } }));
    this.#elapsed = clock.wall() - sentAt;
    // A browser follows redirects, and another server answers.
    if (response.redirected) return response;
    if (response.ok) clock.accept("proof");
    this.#prover.signedBy.set(response.headers, clock);
    return response;
  }

  /** Reads a `Request`'s own body if that takes no time: Deno sends what isn't a stream again by itself. */
  async #readKept(): Promise<BodyInit | undefined> {
    const { kept } = this.#call;
    if (!kept?.reader || !this.#takesBlob) return undefined;
    const parts = await waitFor(kept.parts, { timeout: 10 }).catch(() => undefined);
    return parts ? new Blob(parts) : undefined;
  }

  release(): void {
    cancel(this.#call.kept?.reader);
  }

  /** Makes a proof. The look-up of a key may not end by itself: an abort ends the wait. */
  async #prove(target: ProofTarget, nonce: string | undefined, clock: ServerClock): Promise<string> {
    const { signal } = this.#call;
    signal?.throwIfAborted();
    return await waitFor(this.#prover.prove({ ...target, signal: signal ?? undefined }, nonce, clock), { signal });
  }

  async #noteNonce(sent: Promise<Response>): Promise<Response> {
    const response = await sent;
    // A proxy or service binding may report another `url` without a redirect: that origin doesn't count.
    const { redirected, url, headers } = response;
    this.nextNonce = this.#prover.nonces.note(redirected ? url : this.url, headers.get("dpop-nonce"));
    return response;
  }
}

/** Normalizes a method as the runtime does (they differ): the proof must have the method that the server gets. */
function normalizeMethod(method: string, url: string): string {
  return /^[A-Z]+$/.test(method) ? method : new Request(url, { method }).method;
}

/** Makes a body that Deno sends once only, if it isn't empty or a stream; `headers` get its type (Fetch standard §2.2.4). */
function makeBlob(body: BodyInit | null | undefined, headers: Headers): BodyInit | null | undefined {
  const isForm = body instanceof URLSearchParams;
  const isText = typeof body === "string" || isForm;
  if (!isText && !(body instanceof ArrayBuffer || ArrayBuffer.isView(body))) return body;
  const blob = new Blob([isText ? String(body) : body]);
  // Deno sends an empty one as a stream, without its length.
  if (blob.size === 0) return body;
  if (isText && !headers.has("content-type")) {
    headers.set("content-type", `${isForm ? "application/x-www-form-urlencoded" : "text/plain"};charset=UTF-8`);
  }
  return blob;
}
