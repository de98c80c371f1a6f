/**
 * An issuer, an API and a Flyte platform inside a function with the shape of `fetch`, and a clock, for tests of when
 * metadata is requested.
 *
 * @module
 */

import type { Clock, Fetch } from "@m2m/authenticator";
import { DiscoveryClientConfigStore } from "@m2m/authenticator/config-store/discovery";
import { FlyteClientConfigStore } from "@m2m/authenticator/config-store/flyte";
import {
  ProtectedResourceClientConfigStore,
  type ProtectedResourceOptions,
} from "@m2m/authenticator/config-store/protected-resource";
import { until } from "../servers/loopback.ts";

export const issuer = "https://auth.test";
export const api = "https://api.test/mcp";
export const platform = "https://flyte.test";

export type StoreOptions = Partial<ProtectedResourceOptions> & { url?: string | URL };

/** Makes each kind of store, for the stub's own where no other `url` is given. */
export const stores = {
  discovery: ({ url = issuer, ...options }: StoreOptions) => new DiscoveryClientConfigStore(url, options),
  api: ({ url = api, ...options }: StoreOptions) =>
    new ProtectedResourceClientConfigStore(url, options.issuers ? options : { issuer, ...options }),
  flyte: ({ url = platform, ...options }: StoreOptions) => new FlyteClientConfigStore(url, options),
};

type Answers = (signal: AbortSignal | undefined) => Response | Promise<Response>;

/** Publishes metadata at every location. */
export class MetadataStub {
  /** The URLs requested, oldest first. */
  readonly urls: string[] = [];
  /** The number in the token endpoint from now on. */
  version = 1;
  /** Further fields of the authorization server's metadata. */
  server: Record<string, unknown> = {};
  /** Further fields of the API's metadata. */
  resource: Record<string, unknown> = {};
  challenge = "Bearer";
  /** Answers in place of all that. */
  failure: Answers | undefined;
  #active = 0;

  readonly fetch: Fetch = async (input, init) => {
    const url = new URL(String(input));
    this.urls.push(url.href);
    this.#active++;
    // As it is when the request arrives.
    const { failure } = this;
    try {
      await pause(1);
      if (failure !== undefined) return await failure(init?.signal ?? undefined);
      if (url.pathname === "/mcp") {
        return new Response(null, { status: 401, headers: { "www-authenticate": this.challenge } });
      }
      if (url.pathname.includes("oauth-protected-resource")) {
        return Response.json({ resource: api, authorization_servers: [issuer], ...this.resource });
      }
      if (url.pathname === "/config/v1/flyte_client") return Response.json({ scopes: ["all"] });
      const token_endpoint = `${url.origin}/token-${this.version}`;
      return Response.json({ issuer: url.origin, token_endpoint, ...this.server });
    } finally {
      this.#active--;
    }
  };

  /** Waits until nothing is requested any more. */
  async calm(): Promise<void> {
    // One request follows on another.
    for (let looks = 0; looks < 3; looks++) {
      await until(() => this.#active === 0);
      await pause(5);
    }
  }
}

/** Doesn't answer, but rejects when the client aborts. */
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
  #ahead = -1_799_999_999_000;
  wall = () => this.now;
  monotonic = () => this.now + this.#ahead;

  /** Sets the wall clock back, by milliseconds. */
  setBack(ms: number): void {
    this.now -= ms;
    this.#ahead += ms;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
