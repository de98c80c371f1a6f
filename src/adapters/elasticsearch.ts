/**
 * Tokens for the client of Elasticsearch.
 *
 * @module
 */

import { checkFunction } from "../arguments.ts";
import type { AbortSignalLike } from "./abort_signals.ts";
import {
  type AdapterOptions,
  type ApiAuthenticator,
  ApiTokens,
  type ClientValue,
  type TokenHeader,
} from "./api_tokens.ts";
import { sendWithToken } from "./send_with_token.ts";

export type { AdapterOptions, ApiAuthenticator, ApiResponse, ClientValue } from "./api_tokens.ts";

/** The part of a connection that is used. */
export interface ElasticsearchConnection {
  /** Where the node is. */
  url: URL;
  /** Headers of all its requests. */
  headers: ClientValue;
  /**
   * Sends a request.
   *
   * @param params The request.
   * @param options Its signal, among others.
   * @returns The response.
   */
  request(params: ClientValue, options: ClientValue): Promise<ClientValue>;
}

/** A class of connections: `UndiciConnection` or `HttpConnection` of `@elastic/elasticsearch` 8 and newer. */
export type ElasticsearchConnectionClass = new (...args: ClientValue[]) => ElasticsearchConnection;

interface Params {
  readonly headers?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

interface Response {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/**
 * Makes a class of connections that send the token, and replay requests whose token is rejected.
 *
 * - A node of another origin gets no token: list further nodes in `allowedOrigins`. A header that the caller has set stays,
 *   that of the client's `auth` among them.
 * - A rejected request is replayed once, with its body; a stream can't be: the 401 is the caller's. It is the caller's as
 *   well if the refresh fails.
 * - `signal` ends the wait for a token, as it ends the request. `requestTimeout` counts from when the request is sent.
 * - The client itself doesn't know the token, so its errors and diagnostics don't show it.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs the package @elastic/elasticsearch.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { authenticateElasticsearch } from "@m2m/authenticator/adapters/elasticsearch";
 * import { Client, UndiciConnection } from "@elastic/elasticsearch";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://search.example.com:9200",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const Connection = authenticateElasticsearch(UndiciConnection, authenticator);
 * const client = new Client({ node: "https://search.example.com:9200", Connection });
 * ```
 *
 * @typeParam Class The class's own type.
 * @param Connection The class to extend.
 * @param authenticator Where the tokens come from; its `endpoint` is the node.
 * @param options Other nodes, and what becomes of the caller's own header.
 * @returns A class in its place.
 * @throws {TypeError} If the class or an option can't be used.
 */
export function authenticateElasticsearch<Class extends ElasticsearchConnectionClass>(
  Connection: Class,
  authenticator: ApiAuthenticator,
  options: AdapterOptions = {},
): Class {
  checkFunction("Connection", Connection);
  const tokens = new ApiTokens(authenticator, options);
  const Base: ElasticsearchConnectionClass = Connection;

  return class extends Base {
    constructor(...args: ClientValue[]) {
      super(...args);
      // Node's agent holds requests under way as text, and errors print the connection.
      if ("agent" in this) Object.defineProperty(this, "agent", { enumerable: false });
    }

    override async request(params: Params, options: { signal?: AbortSignalLike } = {}): Promise<Response> {
      if (!tokens.isHome(this.url)) return await super.request(params, options);
      const own = { ...this.headers, ...params.headers };
      return await sendWithToken<Response>(tokens, {
        signal: options.signal,
        body: params.body,
        has: (name) => Object.keys(own).some((key) => key.toLowerCase() === name),
        send: (header) => super.request(header ? attach(params, own, header) : params, options),
        isRejected: ({ statusCode, headers }) => tokens.isRejected(statusCode, (name) => headers[name]),
        discard: ({ body }) => (body as { destroy?(): void } | undefined)?.destroy?.(),
      });
    }
  } as Class;
}

/** Puts the token on a request, in the spelling of the header that it replaces: the connection merges headers by that. */
function attach(params: Params, own: Readonly<Record<string, unknown>>, { name, value }: TokenHeader): Params {
  const isIt = (key: string) => key.toLowerCase() === name;
  const others = Object.entries(params.headers ?? {}).filter(([key]) => !isIt(key));
  return { ...params, headers: { ...Object.fromEntries(others), [Object.keys(own).find(isIt) ?? name]: value } };
}
