/**
 * Tokens for undici's dispatchers.
 *
 * @module
 */

import { type AbortSignalLike, withSignal } from "./abort_signals.ts";
import {
  type AdapterOptions,
  type ApiAuthenticator,
  ApiTokens,
  type ClientValue,
  isReplayable,
  type TokenHeader,
} from "./api_tokens.ts";

export type { AdapterOptions, ApiAuthenticator, ApiResponse, ClientValue } from "./api_tokens.ts";

/** Dispatches a request, as a dispatcher's `dispatch` does. */
export type UndiciDispatch = (options: ClientValue, handler: ClientValue) => boolean;

interface Options {
  readonly origin?: string | URL | undefined;
  readonly body?: unknown;
  readonly headers?: unknown;
  readonly signal?: AbortSignalLike | undefined;
}

interface Controller {
  pause(): void;
  resume(): void;
  abort(reason: Error): void;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

interface Handler {
  onRequestStart?(controller: Controller, context: unknown): void;
  onRequestUpgrade?(controller: Controller, status: number, headers: Headers, socket: unknown): void;
  onResponseStart?(controller: Controller, status: number, headers: Headers, statusMessage?: string): void;
  onResponseData?(controller: Controller, chunk: Uint8Array): void;
  onResponseEnd?(controller: Controller, trailers: Headers): void;
  onResponseError?(controller: Controller | null, error: unknown): void;
}

/** The most that is read of a rejected call's response, in bytes: then the connection isn't used again. */
const maxDiscarded = 65_536;

/**
 * Makes an interceptor that adds the token to a dispatcher's requests of the API, and replays those whose token is
 * rejected.
 *
 * - A request of another origin carries no token. A header that the caller has set stays. Compose it before
 *   `interceptors.redirect()`, which then comes back to it for each redirect.
 * - A rejected request is replayed once, with its body; a stream can't be: the 401 is the caller's. It is the caller's as
 *   well if the refresh fails.
 * - `signal` ends the wait for a token, as it ends the request. Undici's timeouts count from when the request is sent.
 *
 * The origin must be in the options: with a `Client` or `Pool`, pass it there as well. For undici 7 and newer. `fetch` over
 * a dispatcher sends all bodies as streams: use `authenticator.fetch`.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs the package undici.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { undiciInterceptor } from "@m2m/authenticator/adapters/undici";
 * import { Agent, interceptors, request } from "undici";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const dispatcher = new Agent().compose(undiciInterceptor(authenticator), interceptors.redirect({ maxRedirections: 5 }));
 * const { body } = await request("https://api.example.com/v1/projects", { dispatcher });
 * console.log(await body.json());
 * ```
 *
 * @param authenticator Where the tokens come from; its `endpoint` is the API.
 * @param options Other origins, and what becomes of the caller's own header.
 * @returns An interceptor for `dispatcher.compose`.
 * @throws {TypeError} If an option can't be used.
 */
export function undiciInterceptor(
  authenticator: ApiAuthenticator,
  options: AdapterOptions = {},
): (dispatch: UndiciDispatch) => UndiciDispatch {
  const tokens = new ApiTokens(authenticator, options);
  // A redirect comes with the handler of the request before it. Once that has left, it stays away.
  const hasLeft = new WeakSet<Handler>();

  return (dispatch) => {
    async function send(options: Options, handler: Handler): Promise<void> {
      const { signal, body } = options;
      const headers = listHeaders(options.headers);
      const has = (name: string) => headers.some(([own]) => own.toLowerCase() === name);
      const attach = (header: TokenHeader | undefined) => ({ ...options, headers: addHeader(headers, header) });
      try {
        const header = await withSignal(signal, (signal) => tokens.choose(has, signal));
        if (!header) return void dispatch(options, handler);
        const replace = () => withSignal(signal, (signal) => tokens.replace(header, isReplayable(body), signal));
        dispatch(attach(header), new Attempt(handler, tokens, replace, (next) => dispatch(attach(next), handler)));
      } catch (error) {
        handler.onResponseError?.(null, error);
      }
    }

    return (options: Options, handler: Handler) => {
      if (options.origin === undefined) {
        throw new TypeError("Cannot tell where the token would go: the request has no origin. Pass it in the options.");
      }
      if (!tokens.isHome(options.origin)) hasLeft.add(handler);
      if (hasLeft.has(handler)) return dispatch(options, handler);
      send(options, handler);
      return true;
    };
  };
}

/** A request with a token. If that is rejected, its response is held until it is known whether another one helps. */
class Attempt implements Required<Handler> {
  readonly #handler: Handler;
  readonly #tokens: ApiTokens;
  readonly #replace: () => Promise<TokenHeader | undefined>;
  readonly #replay: (next: TokenHeader) => void;
  /** What comes while that isn't known: not all dispatchers pause. */
  #held: (() => void)[] | undefined;
  #next: TokenHeader | undefined;
  #discarded = 0;
  #isOver = false;

  constructor(
    handler: Handler,
    tokens: ApiTokens,
    replace: () => Promise<TokenHeader | undefined>,
    replay: (next: TokenHeader) => void,
  ) {
    this.#handler = handler;
    this.#tokens = tokens;
    this.#replace = replace;
    this.#replay = replay;
  }

  onRequestStart(controller: Controller, context: unknown): void {
    this.#handler.onRequestStart?.(controller, context);
  }

  onRequestUpgrade(controller: Controller, status: number, headers: Headers, socket: unknown): void {
    this.#handler.onRequestUpgrade?.(controller, status, headers, socket);
  }

  onResponseStart(controller: Controller, status: number, headers: Headers, statusMessage?: string): void {
    const start = () => this.#handler.onResponseStart?.(controller, status, headers, statusMessage);
    if (!this.#tokens.isRejected(status, (name) => headers[name])) return start();
    this.#held = [];
    controller.pause();
    this.#replace().then((next) => {
      this.#next = next;
      if (!next) start();
      this.#release();
      controller.resume();
    }, (error) => {
      // What is held belongs to a response that has never started.
      this.#held = undefined;
      this.#isOver = true;
      this.#handler.onResponseError?.(controller, error);
      controller.abort(error);
    });
  }

  onResponseData(controller: Controller, chunk: Uint8Array): void {
    this.#whenKnown(() => {
      if (!this.#next) return this.#handler.onResponseData?.(controller, chunk);
      this.#discarded += chunk.byteLength;
      if (this.#discarded > maxDiscarded) controller.abort(new Error("The response is of no use."));
    });
  }

  onResponseEnd(controller: Controller, trailers: Headers): void {
    this.#whenKnown(() => this.#next ? this.#replay(this.#next) : this.#handler.onResponseEnd?.(controller, trailers));
  }

  onResponseError(controller: Controller | null, error: unknown): void {
    this.#whenKnown(() => this.#next ? this.#replay(this.#next) : this.#handler.onResponseError?.(controller, error));
  }

  #whenKnown(run: () => void): void {
    if (this.#isOver) return;
    if (this.#held) this.#held.push(run);
    else run();
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const run of held) run();
  }
}

/** Lists headers: undici takes an object, something iterable, a list of pairs, or a list of names and values by turns. */
function listHeaders(headers: unknown): [name: string, value: unknown][] {
  const given = Object(headers ?? {});
  const list: unknown[] = Symbol.iterator in given ? [...given] : Object.entries(given);
  if (typeof list[0] !== "string") return list as [string, unknown][];
  return list.flatMap((name, index) => index % 2 ? [] : [[String(name), list[index + 1]] as [string, unknown]]);
}

function addHeader(headers: readonly [name: string, value: unknown][], header: TokenHeader | undefined): unknown[] {
  if (!header) return headers.flat();
  const others = headers.filter(([name]) => name.toLowerCase() !== header.name);
  return [...others.flatMap(([name, value]) => [name, value]), header.name, header.value];
}
