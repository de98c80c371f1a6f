/**
 * An authorization server and an API on loopback, which know what each process of a fleet does.
 *
 * @module
 */

import { closedPort } from "../servers/fault_server.ts";
import { host, serve } from "../servers/loopback.ts";

/** A token request that arrived. */
export interface TokenRequest {
  /** When it was sent, in milliseconds since the epoch. */
  readonly at: number;
  /** The number of the process. */
  readonly index: number;
}

/** A token as the API knows it. */
interface IssuedToken {
  readonly end: number;
  isRevoked: boolean;
}

/** Both servers. The tokens live for some milliseconds, and the API accepts them as long as they do. */
export class Backend implements AsyncDisposable {
  readonly requests: TokenRequest[] = [];
  /** The token of the last call that the API accepted, by the number of the process: the number of its request, from 1. */
  readonly lastTokens: Map<number, number> = new Map();
  readonly #tokens = new Map<number, IssuedToken>();
  readonly #lifetime: number;
  readonly #api = serve((request) => this.#callApi(request));
  readonly #port: number;
  #authorizationServer: ReturnType<typeof serve> | undefined;
  #onRequest: ((request: TokenRequest) => Promise<unknown>) | undefined;

  private constructor(lifetime: number, port: number) {
    this.#lifetime = lifetime;
    this.#port = port;
  }

  static async start(lifetime: number): Promise<Backend> {
    const backend = new Backend(lifetime, await closedPort());
    backend.startAuthorizationServer();
    return backend;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.stopAuthorizationServer(), this.#api[Symbol.asyncDispose]()]);
  }

  get endpoints(): { readonly tokenEndpoint: string; readonly endpoint: string } {
    return { tokenEndpoint: `http://${host}:${this.#port}/token`, endpoint: this.#api.origin };
  }

  startAuthorizationServer(): void {
    this.#authorizationServer = serve((request) => this.#issue(request), this.#port);
  }

  async stopAuthorizationServer(): Promise<void> {
    await this.#authorizationServer?.[Symbol.asyncDispose]();
    this.#authorizationServer = undefined;
  }

  /** Does something when the next token request comes, before it is answered; resolves to what that gives. */
  onNextRequest<T>(act: (request: TokenRequest) => T | Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      this.#onRequest = async (request) => {
        const done = Promise.resolve(act(request));
        resolve(done);
        await done.catch(() => {});
      };
    });
  }

  /** Revokes all tokens. */
  revoke(): void {
    for (const token of this.#tokens.values()) token.isRevoked = true;
  }

  async #issue(request: Request): Promise<Response> {
    await request.body?.cancel();
    const made = { at: Number(request.headers.get("sent-at")), index: readIndex(request) };
    const token = this.requests.push(made);
    const act = this.#onRequest;
    this.#onRequest = undefined;
    await act?.(made);
    this.#tokens.set(token, { end: Date.now() + this.#lifetime, isRevoked: false });
    return Response.json({ access_token: `token-${token}`, token_type: "Bearer", expires_in: this.#lifetime / 1000 });
  }

  #callApi(request: Request): Response {
    const at = Date.now();
    const token = Number(request.headers.get("authorization")?.replace("Bearer token-", ""));
    const issued = this.#tokens.get(token);
    if (!issued || issued.isRevoked || at >= issued.end) {
      const state = !issued ? "unknown" : issued.isRevoked ? "revoked" : "expired";
      return new Response(`token ${token} is ${state}`, { status: 401 });
    }
    this.lastTokens.set(readIndex(request), token);
    return new Response("fine");
  }
}

function readIndex({ headers }: Request): number {
  return Number(headers.get("sent-by"));
}
