/**
 * Tokens for axios, on its `http` adapter.
 *
 * @module
 */

import { parseUrl, throwInvalid } from "../arguments.ts";
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

/** The part of an axios instance's interceptors that is used. */
export interface AxiosInterceptors {
  /**
   * Adds an interceptor.
   *
   * @param fulfilled Takes what is passed on.
   * @param rejected Takes an error.
   * @returns Its number.
   */
  use(fulfilled: (value: ClientValue) => ClientValue, rejected?: (error: ClientValue) => ClientValue): number;
  /**
   * Removes an interceptor.
   *
   * @param id Its number.
   */
  eject(id: number): void;
}

/** The part of an axios instance (1.2 and newer) that is used: `axios` itself, or what `axios.create()` returns. */
export interface AxiosClient {
  /** Its interceptors. */
  readonly interceptors: { readonly request: AxiosInterceptors; readonly response: AxiosInterceptors };
  /**
   * Builds the URL of a call.
   *
   * @param config The call's settings.
   * @returns The URL.
   */
  getUri(config: ClientValue): string;
  /**
   * Makes another instance, without interceptors.
   *
   * @returns The instance.
   */
  create(): ClientValue;
}

interface AxiosHeaders {
  get(name: string): unknown;
  has(name: string): boolean;
  set(name: string, value: string): unknown;
  delete(name: string): boolean;
  concat(): AxiosHeaders;
}

type BeforeRedirect = (options: RedirectOptions, response?: unknown, request?: { method?: string }) => void;

interface RedirectOptions {
  readonly href: string;
  readonly method: string;
  readonly headers: Record<string, unknown>;
}

interface AxiosConfig {
  headers: AxiosHeaders;
  data?: unknown;
  /** User name and password, which axios sends in place of any other `authorization`. */
  auth?: unknown;
  signal?: AbortSignalLike | undefined;
  beforeRedirect?: BeforeRedirect | undefined;
}

interface AxiosResponse {
  readonly status: number;
  readonly headers: AxiosHeaders;
  readonly config?: AxiosConfig;
  readonly data: unknown;
}

/** A call under way: what it was before axios has made a request of it, and where redirects have led it. */
interface Call {
  readonly header: TokenHeader;
  readonly headers: AxiosHeaders;
  readonly data: unknown;
  readonly beforeRedirect: BeforeRedirect | undefined;
  isHome: boolean;
  hasLostBody: boolean;
}

/**
 * Adds the token to an axios instance's calls of the API, and replays those whose token is rejected.
 *
 * - A call of another origin, or a redirect to one, carries no token. A header that the caller has set stays.
 * - A rejected call is replayed once, with its body; a stream can't be: the 401 is the caller's. It is the caller's as well
 *   if the refresh fails.
 * - `signal` ends the wait for a token, as it ends the call. `timeout` counts from when the request is sent.
 * - Errors and responses don't show the token: it is taken out of their `config.headers`, and `request`, which is Node's,
 *   isn't enumerable any more. The stream that `responseType: "stream"` gives is Node's as well: don't print it.
 *
 * Add it before other interceptors: then they see calls without a token, and replayed ones once. With axios's `fetch`
 * adapter pass `env: { fetch: authenticator.fetch }` instead.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs the package axios.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { authenticateAxios } from "@m2m/authenticator/adapters/axios";
 * import axios from "axios";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const api = axios.create({ baseURL: "https://api.example.com" });
 * authenticateAxios(api, authenticator);
 * const { data } = await api.get("/v1/projects");
 * ```
 *
 * @param client The instance.
 * @param authenticator Where the tokens come from; its `endpoint` is the API.
 * @param options Other origins, and what becomes of the caller's own header.
 * @returns A function that ejects the interceptors.
 * @throws {TypeError} If an option can't be used.
 */
export function authenticateAxios(
  client: AxiosClient,
  authenticator: ApiAuthenticator,
  options: AdapterOptions = {},
): () => void {
  if (!client?.interceptors || !client.create) throwInvalid("client", "axios, or what axios.create() returns", client);
  const tokens = new ApiTokens(authenticator, options);
  // By a function, which survives axios's copying of settings.
  const calls = new WeakMap<BeforeRedirect, Call>();

  /** Puts the token on a call. */
  function attach(config: AxiosConfig, header: TokenHeader): AxiosConfig {
    const { headers, data, beforeRedirect } = config;
    const call: Call = { header, headers: headers.concat(), data, beforeRedirect, isHome: true, hasLostBody: false };
    config.beforeRedirect = (next, response, request) => {
      // Once it has left, it stays away.
      call.isHome &&= tokens.isHome(next.href);
      call.hasLostBody ||= request?.method !== undefined && request.method !== next.method;
      for (const name of Object.keys(next.headers)) {
        if (name.toLowerCase() === header.name) delete next.headers[name];
      }
      // Axios, or what follows redirects for it, takes it off even where it may go.
      if (call.isHome) next.headers[header.name] = header.value;
      beforeRedirect?.(next, response, request);
    };
    calls.set(config.beforeRedirect, call);
    headers.set(header.name, header.value);
    if (header.name === "authorization") delete config.auth;
    return config;
  }

  /** Takes what is ours out of a response or an error again; returns the call. */
  function detach(outcome: { config?: AxiosConfig; response?: object }): Call | undefined {
    const { config, response } = Object(outcome) as typeof outcome;
    const call = config?.beforeRedirect && calls.get(config.beforeRedirect);
    if (!config || !call) return undefined;
    config.beforeRedirect = call.beforeRedirect;
    if (config.headers.get(call.header.name) === call.header.value) config.headers.delete(call.header.name);
    hideRequest(outcome);
    if (response) hideRequest(response);
    return call;
  }

  async function replay(response: AxiosResponse | undefined, call: Call, config: AxiosConfig) {
    if (!response || !call.isHome) return undefined;
    const { status, headers } = response;
    if (!tokens.isRejected(status, (name) => headers.get(name))) return undefined;
    const canReplay = !call.hasLostBody && isReplayable(call.data);
    return await withSignal(config.signal, async (signal) => {
      const again = { ...config, data: call.data, headers: call.headers };
      try {
        const header = await tokens.replace(call.header, canReplay, signal);
        if (!header) return undefined;
        attach(again, header);
      } catch {
        // It was aborted: axios says so in its own way.
      }
      (response.data as { destroy?(): void } | undefined)?.destroy?.();
      const bare = client.create();
      // The call has those of its instance.
      bare.defaults.headers = {};
      return await bare.request(again).then(
        (last: AxiosResponse) => (detach(last), last),
        (error: { config?: AxiosConfig }) => (detach(error), Promise.reject(error)),
      );
    });
  }

  const { request, response } = client.interceptors;
  const onRequest = request.use(async (config: AxiosConfig) => {
    const url = parseUrl(client.getUri({ ...config, params: undefined }));
    if (!url || !tokens.isHome(url)) return config;
    return await withSignal(config.signal, async (signal) => {
      try {
        const has = (name: string) => config.headers.has(name) || name === "authorization" && !!config.auth;
        const header = await tokens.choose(has, signal);
        return header ? attach(config, header) : config;
      } catch (error) {
        // Axios says so in its own way.
        if (signal?.aborted) return config;
        throw error;
      }
    });
  });
  const onResponse = response.use(
    async (last: AxiosResponse) => {
      const call = detach(last);
      return call && await replay(last, call, last.config!) || last;
    },
    async (error: { config: AxiosConfig; response?: AxiosResponse }) => {
      const call = detach(error);
      const last = call && await replay(error.response, call, error.config);
      if (last) return last;
      throw error;
    },
  );
  return () => {
    request.eject(onRequest);
    response.eject(onResponse);
  };
}

/** Node's request holds the header as text, and prints it. */
function hideRequest(holder: object): void {
  if ("request" in holder) Object.defineProperty(holder, "request", { enumerable: false });
}
