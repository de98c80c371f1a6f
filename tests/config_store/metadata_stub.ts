/**
 * An authorization server's metadata inside a function with the shape of `fetch`, and a clock: for what is about when
 * it is asked.
 *
 * @module
 */

import type { Clock, Fetch } from "@m2m/authenticator";
import { until } from "../faults/until.ts";

export const issuer = "https://auth.test";

/** A `fetch` that knows what it is at. */
export interface CountedFetch {
  readonly fetch: Fetch;
  /** Waits until nothing is asked any more. */
  calm(): Promise<void>;
}

/** Counts what is under way. */
export function counted(fetch: Fetch): CountedFetch {
  let active = 0;
  return {
    async fetch(input, init) {
      active++;
      try {
        return await fetch(input, init);
      } finally {
        active--;
      }
    },
    async calm() {
      // One request follows on another.
      for (let looks = 0; looks < 3; looks++) {
        await until(() => active === 0);
        await pause(5);
      }
    },
  };
}

/** What {@linkcode metadataStub} gives. */
export interface MetadataStub extends CountedFetch {
  /** The paths that were asked for, oldest first. */
  readonly paths: string[];
  /** The document's token endpoint from now on. */
  tokenEndpoint: string;
  /** What comes in place of the document, where something does. */
  trouble: ((signal: AbortSignal | undefined) => Response | Promise<Response>) | undefined;
}

/** A server that publishes a good document at its first place. */
export function metadataStub(): MetadataStub {
  const stub: MetadataStub = {
    paths: [],
    tokenEndpoint: `${issuer}/token-1`,
    trouble: undefined,
    ...counted(async (input, init) => {
      stub.paths.push(new URL(String(input)).pathname);
      await pause(5);
      if (stub.trouble !== undefined) return await stub.trouble(init?.signal ?? undefined);
      return Response.json({ issuer, token_endpoint: stub.tokenEndpoint });
    }),
  };
  return stub;
}

/** A server that doesn't answer, but hears when the client has enough. */
export function silence(signal: AbortSignal | undefined): Promise<Response> {
  return new Promise((_, reject) => {
    const stop = () => reject(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** A clock that stands until it is moved. */
export class HandClock implements Clock {
  now = 1_800_000_000_000;
  wall = () => this.now;
  monotonic = () => this.now - 1_799_999_999_000;
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Pretends to be workerd for as long as it is in scope. */
export function asOnWorkerd(): Disposable {
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { userAgent: "Cloudflare-Workers" }, configurable: true });
  return {
    [Symbol.dispose]() {
      if (own) Object.defineProperty(globalThis, "navigator", own);
      else delete (globalThis as { navigator?: unknown }).navigator;
    },
  };
}
