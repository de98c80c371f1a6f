/**
 * Processes that share a token, in one process: each has an authenticator and clocks of its own.
 *
 * @module
 */

import type {
  AuthenticatorEvent,
  ClientCredentialsAuthenticator,
  ClientCredentialsAuthenticatorOptions,
} from "@m2m/authenticator";
import { sharedTokens, type SharedTokensOptions, type TokenStore } from "@m2m/authenticator/token-store";
import { authenticatorAt, besideApi } from "../authenticator_at.ts";
import { tokenEndpointStub, usualAnswer } from "../servers/token_endpoint_stub.ts";
import { memoryStore } from "./memory.ts";

/** One of them. */
export interface Member {
  readonly authenticator: ClientCredentialsAuthenticator;
  readonly events: AuthenticatorEvent[];
  /** By how much its wall clock is off, in milliseconds. */
  skew: number;
}

/** A number of them, an authorization server and an API. */
export class Fleet implements AsyncDisposable {
  readonly store = memoryStore(() => this.now);
  readonly members: Member[] = [];
  /** The tokens that the API rejects. */
  readonly revoked = new Set<string>();
  readonly stub = tokenEndpointStub((count) => this.answer(count));
  /** What the token endpoint answers, given the number of the request. */
  answer: (count: number) => Response | Promise<Response> = usualAnswer;
  #passed = 0;

  constructor(count = 0) {
    this.add(count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map(({ authenticator }) => authenticator.close()));
  }

  /** The true time. */
  get now(): number {
    return performance.now() + this.#passed;
  }

  get requests(): number {
    return this.stub.requests.length;
  }

  /** Lets time pass for all. */
  pass(ms: number): void {
    this.#passed += ms;
  }

  /** Adds processes, which start now. */
  add(
    count: number,
    { store = this.store, sharing, ...options }:
      & { store?: TokenStore; sharing?: SharedTokensOptions }
      & Partial<ClientCredentialsAuthenticatorOptions> = {},
  ): Member[] {
    const added = Array.from({ length: count }, () => {
      const events: AuthenticatorEvent[] = [];
      const member: Omit<Member, "authenticator"> = { events, skew: 0 };
      const authenticator = authenticatorAt(this.stub, {
        clock: { wall: () => 1_800_000_000_000 + this.now + member.skew, monotonic: () => this.now },
        fetch: besideApi(this.stub, (headers) => {
          const token = headers.get("authorization")?.replace("Bearer ", "") ?? "";
          return new Response(token, { status: this.revoked.has(token) ? 401 : 200 });
        }),
        onEvent: (event) => void events.push(event),
        tokenStore: sharedTokens(store, sharing),
        ...options,
      });
      return Object.assign(member, { authenticator });
    });
    this.members.push(...added);
    return added;
  }

  /** Calls the API from each; the tokens that it answered to, or the status. */
  async call(members = this.members): Promise<(string | number)[]> {
    return await Promise.all(members.map(async ({ authenticator }) => {
      const response = await authenticator.fetch("/");
      return response.ok ? await response.text() : response.status;
    }));
  }
}

/** The types of what happened to one. */
export function listTypes(member: Member | undefined): string[] {
  return member!.events.map(({ type }) => type).filter((type) => type !== "token_reused");
}
