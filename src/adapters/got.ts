/**
 * Tokens for got.
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

/** Options for `got.extend`. */
export interface GotHooks {
  /** Hooks for each call. */
  readonly hooks: {
    /** Adds the token. */
    readonly beforeRequest: ((options: ClientValue) => Promise<void>)[];
    /** Replays a call whose token was rejected. */
    readonly afterResponse:
      ((response: ClientValue, retry: (options: ClientValue) => ClientValue) => Promise<ClientValue>)[];
    /** Takes the token out of an error. */
    readonly beforeError: ((error: ClientValue) => ClientValue)[];
  };
}

interface Settings {
  readonly url?: URL | string | undefined;
  readonly headers: Record<string, unknown>;
  readonly context: Record<symbol, unknown>;
  readonly body?: unknown;
  readonly signal?: AbortSignalLike | undefined;
  readonly isStream?: boolean;
}

interface Response {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly request: { readonly options: Settings; readonly _nativeFormDataBody?: { readonly body: unknown } };
}

/** A call, with its redirects and retries. */
interface Call {
  /** What was sent last. */
  header?: TokenHeader | undefined;
  /** What a replay sends. */
  next?: TokenHeader | undefined;
  isHome: boolean;
  /** Stops listening to the signal. */
  stop?: (() => void) | undefined;
}

/**
 * Makes hooks that add the token to got's calls of the API, and replay those whose token is rejected.
 *
 * - A call of another origin, or a redirect to one, carries no token. A header that the caller has set stays.
 * - A rejected call is replayed once, with its body; a stream can't be, nor can a form with got 14: the 401 is the
 *   caller's. It is the caller's as well if the refresh fails, and where the response is a stream (`got.stream`): got calls
 *   no hook for these.
 * - `signal` and `timeout` end the wait for a token, as they end the call.
 * - Errors don't show the token: it is taken out of their `options.headers`. That of an aborted
 *   `got.stream` may, and got's `response` and `request` do, which hold Node's request: don't print them.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs the package got.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { gotHooks } from "@m2m/authenticator/adapters/got";
 * import got from "got";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const api = got.extend({ prefixUrl: "https://api.example.com" }, gotHooks(authenticator));
 * const projects = await api("v1/projects").json();
 * ```
 *
 * @param authenticator Where the tokens come from; its `endpoint` is the API.
 * @param options Other origins, and what becomes of the caller's own header.
 * @returns Options for `got.extend`.
 * @throws {TypeError} If an option can't be used.
 */
export function gotHooks(authenticator: ApiAuthenticator, options: AdapterOptions = {}): GotHooks {
  const tokens = new ApiTokens(authenticator, options);
  // Got copies a call's settings for redirects and retries, and its context with them. An empty object shows nothing.
  const key = Symbol("call");
  const calls = new WeakMap<object, Call>();
  const find = ({ context }: Settings) => calls.get(Object(context[key]));

  /** Takes a header of ours off: that of the last request, which redirects and retries bring along. */
  function detach({ headers }: Settings, call: Call): void {
    const { name = "", value } = call.header ?? {};
    if (headers[name] === value) delete headers[name];
    call.stop?.();
  }

  /** Puts it on. Got calls no hook for an abort, whose error holds the headers as well. */
  function attach(settings: Settings, call: Call, { name, value }: TokenHeader): void {
    settings.headers[name] = value;
    const { signal, isStream } = settings;
    // Of a stream's end there is no word.
    if (!signal || isStream) return;
    const abort = () => detach(settings, call);
    signal.addEventListener?.("abort", abort);
    call.stop = () => signal.removeEventListener?.("abort", abort);
  }

  async function beforeRequest(settings: Settings): Promise<void> {
    let call = find(settings);
    if (!call) {
      const marker = {};
      settings.context[key] = marker;
      calls.set(marker, call = { isHome: true });
    }
    detach(settings, call);
    // Once it has left, it stays away.
    call.isHome &&= settings.url !== undefined && tokens.isHome(settings.url);
    if (!call.isHome) return;
    const has = (name: string) => settings.headers[name] !== undefined;
    call.header = call.next ?? await withSignal(settings.signal, (signal) => tokens.choose(has, signal));
    call.next = undefined;
    if (call.header) attach(settings, call, call.header);
  }

  async function afterResponse(response: Response, retry: (options: object) => Response): Promise<Response> {
    const { statusCode, headers, request } = response;
    const call = find(request.options);
    if (!call) return response;
    detach(request.options, call);
    const { header, isHome } = call;
    if (!header || !isHome || !tokens.isRejected(statusCode, (name) => headers[name])) return response;
    const { body, signal } = request.options;
    // Got makes a stream of a form, and another one for a retry.
    const isForm = body !== undefined && request._nativeFormDataBody?.body === body;
    call.next = await withSignal(signal, (signal) => tokens.replace(header, isForm || isReplayable(body), signal));
    return call.next ? retry({}) : response;
  }

  function beforeError<T extends { options?: Settings }>(error: T): T {
    const call = error.options?.context && find(error.options);
    if (call) detach(error.options!, call);
    return error;
  }

  return { hooks: { beforeRequest: [beforeRequest], afterResponse: [afterResponse], beforeError: [beforeError] } };
}
