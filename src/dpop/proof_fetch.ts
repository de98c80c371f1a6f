/**
 * `fetch`, with a proof on what it sends.
 *
 * @module
 */

import { waitFor } from "../refresh/deadlines.ts";
import { cancel, discardBody } from "../api_call/bodies.ts";
import { type ApiCall, defaultMaxReplayBody, keepBody, readCall, replayBody } from "../api_call/replayable_request.ts";
import type { Fetch } from "../http/fetch.ts";
import { proofError } from "./challenge.ts";
import type { Nonces } from "./nonces.ts";
import type { ProofTarget } from "./proof.ts";

/** Makes the proofs, and remembers what servers want in them. */
export interface Prover {
  readonly nonces: Nonces;
  /** The answers to calls that carried no token of the scheme `DPoP`: whatever they say of proofs, none was due. */
  readonly unbound: WeakSet<Response>;
  prove(target: ProofTarget, nonce: string | undefined): Promise<string>;
}

/** With a proof on every request: of a server's wish for a nonce, the core hears as of any refusal. */
export function tokenProofFetch(fetch: Fetch, prover: Prover): Fetch {
  return async (input, init) => {
    const sending = new Sending(fetch, prover, input, init);
    if (sending.hasProof) return await sending.asIs();
    try {
      return await sending.with(undefined, prover.nonces.get(sending.url));
    } finally {
      sending.release();
    }
  };
}

/**
 * With a proof on each request that carries a token of the scheme `DPoP` in this header. Where the API wants another
 * nonce in it, the request is sent once more, if its body can be.
 */
export function apiProofFetch(fetch: Fetch, headerKey: string, prover: Prover): Fetch {
  return async (input, init) => {
    const sending = new Sending(fetch, prover, input, init);
    const { url } = sending;
    const accessToken = sending.accessTokenIn(headerKey);
    if (accessToken === undefined || sending.hasProof) {
      const response = await sending.asIs();
      if (accessToken === undefined) prover.unbound.add(response);
      return response;
    }
    try {
      const nonce = prover.nonces.get(url);
      const first = await sending.with(accessToken, nonce);
      const next = sending.nextNonce;
      if (proofError(first) !== "use_dpop_nonce" || next === nonce) return first;
      const body = await sending.replayBody();
      if (body === undefined) return first;
      await discardBody(first);
      return await sending.with(accessToken, next, body);
    } finally {
      sending.release();
    }
  };
}

/** One call of a `fetch`, to be sent with one proof or another. */
class Sending {
  readonly #fetch: Fetch;
  readonly #prover: Prover;
  #call: ApiCall;
  readonly #headers: Headers;
  readonly #method: string;
  /** What the last answer brought: of calls at the same time, each may be given a nonce of its own. */
  nextNonce: string | undefined;

  constructor(fetch: Fetch, prover: Prover, input: string | URL | Request, init: RequestInit | undefined) {
    this.#fetch = fetch;
    this.#prover = prover;
    this.#call = readCall(input, init);
    this.#headers = new Headers(this.#call.headers);
    const method = init?.method ?? (typeof input === "object" && "method" in input ? input.method : "GET");
    this.#method = methodSent(method, this.url);
  }

  get url(): string {
    return this.#call.href;
  }

  /** Whether the caller has made a proof himself. */
  get hasProof(): boolean {
    return this.#headers.has("dpop");
  }

  /** The token, if it is one of the scheme `DPoP`. */
  accessTokenIn(headerKey: string): string | undefined {
    return /^DPoP +(\S+)$/i.exec(this.#headers.get(headerKey) ?? "")?.[1];
  }

  replayBody(): Promise<BodyInit | null | undefined> {
    return replayBody(this.#call);
  }

  asIs(): Promise<Response> {
    const { href, request, init } = this.#call;
    return this.#noted(this.#fetch(request ?? href, init));
  }

  /** Sends it with a proof: the first time, or again with the body that was kept. */
  async with(
    accessToken: string | undefined,
    nonce: string | undefined,
    body?: BodyInit | null,
  ): Promise<Response> {
    const headers = new Headers(this.#headers);
    headers.set("dpop", await this.#prove({ method: this.#method, url: this.url, accessToken }, nonce));
    const { href, request, init } = this.#call;
    if (body !== undefined) return await this.#noted(this.#fetch(request ?? href, { ...init, headers, body }));
    const kept = keepBody(request, init, defaultMaxReplayBody);
    this.#call = { ...this.#call, kept };
    return await this.#noted(this.#fetch(kept?.request ?? request ?? href, { ...init, headers }));
  }

  release(): void {
    cancel(this.#call.kept?.reader);
  }

  /** `fetch` hears of an abort by itself. What looks a key up may not, and may wait for somebody who never answers. */
  #prove(target: ProofTarget, nonce: string | undefined): Promise<string> {
    const { signal } = this.#call;
    const proof = this.#prover.prove(target, nonce);
    return waitFor(proof, { signal });
  }

  async #noted(sent: Promise<Response>): Promise<Response> {
    const response = await sent;
    // A fetch that sends elsewhere than it was told (a proxy, a service binding) says so in `url`; that is not followed.
    const { redirected, url, headers } = response;
    this.nextNonce = this.#prover.nonces.note(redirected ? url : this.url, headers.get("dpop-nonce"));
    return response;
  }
}

/** Runtimes put some methods in capitals, and not all the same ones: the proof must say what the server sees. */
function methodSent(method: string, url: string): string {
  return /^[A-Z]+$/.test(method) ? method : new Request(url, { method }).method;
}
