/**
 * WebSocket connections that carry a token, and are replaced before it expires.
 *
 * @module
 */

import { checkDuration, checkFunction, checkNumber, parseUrl, throwInvalid } from "../arguments.ts";
import type { Authenticator } from "../authenticator.ts";
import type { Credentials } from "../credentials.ts";
import { requireBearer } from "./bound_tokens.ts";
import { Connection } from "./websocket_connection.ts";
import type { ReconnectingWebSocket, ReconnectingWebSocketOptions, WebSocketLike } from "./websocket_options.ts";

export type {
  ReconnectingWebSocket,
  ReconnectingWebSocketOptions,
  WebSocketData,
  WebSocketLike,
} from "./websocket_options.ts";

/**
 * Keeps a WebSocket connection to the API open, by a live token.
 *
 * When a new token is issued, before the old one expires, another connection is opened with it and used from then on; the
 * old one is closed once it is drained. So no message is lost, though those by the new connection may overtake the last ones
 * by the old. A connection that the server or the network closes is opened again; what was on its way then may be lost.
 * A token that the server rejects is refreshed: by the code of the close, or when two attempts in a row fail to open.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs a WebSocket server.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { reconnectingWebSocket } from "@m2m/authenticator/adapters/websocket";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const connection = reconnectingWebSocket(authenticator, "/events", { onMessage: console.log });
 * connection.send("hello");
 * ```
 *
 * @example A token in the query, as workers and pages need it
 * ```ts ignore
 * // Not run: it needs a WebSocket server.
 * import type { Authenticator } from "@m2m/authenticator";
 * import { reconnectingWebSocket } from "@m2m/authenticator/adapters/websocket";
 *
 * const open = (authenticator: Authenticator) =>
 *   reconnectingWebSocket(authenticator, "/events", {
 *     connect: (url, { accessToken }) => new WebSocket(`${url}?access_token=${encodeURIComponent(accessToken)}`),
 *   });
 * ```
 *
 * @param authenticator The authenticator.
 * @param url The URL, at the endpoint's origin: absolute (`wss:`, `https:`), or relative to it.
 * @param options How connections are opened, and what receives messages.
 * @returns The connection.
 * @throws {TypeError} If the URL is at another origin, or an option can't be used.
 * @throws {RangeError} If a number is out of range.
 */
export function reconnectingWebSocket<Socket extends WebSocketLike = WebSocket>(
  authenticator: Pick<Authenticator, "explain" | "getCredentials" | "onToken" | "refreshCredentials">,
  url: string | URL,
  options: ReconnectingWebSocketOptions<Socket> = {},
): ReconnectingWebSocket<Socket> {
  for (const name of ["connect", "onMessage", "onOpen", "onError", "isRejected"] as const) {
    checkFunction(name, options[name]);
  }
  checkDuration("timeout", options.timeout);
  checkDuration("maxDelay", options.maxDelay);
  checkNumber("maxUnsent", options.maxUnsent, 0);
  const place = resolveUrl(url, authenticator.explain().endpoint);
  const openOwn = (url: string, credentials: Credentials) =>
    openWebSocket(url, requireBearer(credentials), !options.onError);
  const { connect = openOwn as unknown as NonNullable<typeof options.connect> } = options;
  return new Connection(authenticator, (credentials) => connect(place, credentials), options);
}

/** Only the endpoint's origin gets the token. */
function resolveUrl(url: string | URL, endpoint: string): string {
  const resolved = parseUrl(url, endpoint);
  const page = resolved && parseUrl(resolved.href.replace(/^ws/, "http"));
  const { origin } = new URL(endpoint);
  if (page?.origin !== origin) {
    throwInvalid("url", `at the origin of the endpoint (${origin}): a path, or a URL of "wss:"`, String(url));
  }
  return page.href.replace(/^http/, "ws");
}

/** Deno, Bun and Node send headers; elsewhere the second argument isn't understood, and throws: always, so it is reported. */
function openWebSocket(url: string, { tokenType, accessToken }: Credentials, isReported: boolean): WebSocket {
  try {
    const Socket = WebSocket as unknown as new (url: string, options: { headers: Record<string, string> }) => WebSocket;
    return new Socket(url, { headers: { authorization: `${tokenType} ${accessToken}` } });
  } catch (cause) {
    const remedy =
      "Give connect, which puts the token where the server takes it: in the query, or in the first message";
    const error = new TypeError(`Cannot open a WebSocket with a header: the runtime refuses. ${remedy}.`, { cause });
    if (isReported) console.error(error);
    throw error;
  }
}
