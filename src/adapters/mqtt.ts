/**
 * Tokens for MQTT brokers by `mqtt` (MQTT.js): as the password of each connection.
 *
 * @module
 */

import type { Authenticator } from "../authenticator.ts";
import type { Credentials } from "../credentials.ts";
import { sleep } from "../refresh/deadlines.ts";
import { requireBearer } from "./bound_tokens.ts";

/** The part of a client of MQTT.js that is used. */
export interface MqttClient {
  /** Its options; each connection is made with the password of that moment. */
  // deno-lint-ignore no-explicit-any
  readonly options: { password?: any; reconnectPeriod?: number | undefined };
  /** Whether the broker has accepted the connection. While it is `false`, messages are kept. */
  connected: boolean;
  /** Messages that came, and aren't done. */
  // deno-lint-ignore no-explicit-any
  readonly incomingStore: any;
  /** Messages that were sent, and aren't acknowledged. */
  // deno-lint-ignore no-explicit-any
  readonly outgoingStore: any;
  /** The connection's bytes. */
  // deno-lint-ignore no-explicit-any
  readonly stream: any;
  /**
   * Connects again.
   *
   * @param stores The stores to go on with; without them messages that aren't acknowledged are lost.
   * @returns The client.
   */
  // deno-lint-ignore no-explicit-any
  reconnect(stores: { incomingStore: any; outgoingStore: any }): unknown;
  /**
   * Adds a listener.
   *
   * @param event The event.
   * @param listener The listener.
   * @returns The client.
   */
  // deno-lint-ignore no-explicit-any
  on(event: "connect" | "end" | "error", listener: (value?: any) => void): unknown;
  /**
   * Removes a listener.
   *
   * @param event The event.
   * @param listener The listener.
   * @returns The client.
   */
  // deno-lint-ignore no-explicit-any
  removeListener(event: "connect" | "end" | "error", listener: (value?: any) => void): unknown;
}

/** Options of {@linkcode keepPasswordFresh}. */
export interface KeepPasswordFreshOptions {
  /**
   * Whether a connection that is open is replaced when there is a new token. `false` is for brokers that look at the token
   * when a connection is made, and not later. Default: `true`.
   */
  reconnect?: boolean | undefined;
}

/** Connections refused for the password: of MQTT 3.1.1 (§3.2.2.3), then of MQTT 5 (§3.2.2.2). */
const refusals: readonly unknown[] = [4, 5, 0x86, 0x87];

/** DISCONNECT, normal (§3.14): the broker keeps the will to itself. */
const disconnect = Uint8Array.of(0xe0, 0);

/** How long it takes at most until another token is asked for in a refused one's place, in milliseconds. */
const pause = 30_000;

/** How long a broker may take to close a connection that was ended, in milliseconds. */
const closingTime = 5_000;

/**
 * Keeps a client's password a live token, until the client ends.
 *
 * - Each connection is made with the token of that moment.
 * - When there is a new token, an open connection is ended and made again, for brokers end it, or drop its messages silently
 *   (RabbitMQ 3), when the token expires. It takes the client's `reconnectPeriod`; with 0 the program has to reconnect.
 *   Messages published meanwhile are sent then. For messages that come meanwhile, the broker has to keep the session:
 *   `clean: false` and a `clientId`, and with MQTT 5 `properties.sessionExpiryInterval`.
 * - When the broker refuses the token, a new one is requested, at a limited rate, until the client has connected with one. By
 *   itself it would never try again.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs an MQTT broker.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { keepPasswordFresh } from "@m2m/authenticator/adapters/mqtt";
 * import { connect } from "mqtt";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://mqtt.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const { accessToken: password } = await authenticator.getCredentials();
 * const client = connect("mqtts://mqtt.example.com", {
 *   username: "my-client",
 *   password,
 *   clientId: "my-client-1",
 *   clean: false,
 * });
 * keepPasswordFresh(client, authenticator);
 * ```
 *
 * @param client The client, as soon as it is made.
 * @param authenticator The authenticator.
 * @param options Whether open connections are replaced.
 * @returns A function that ends it, and leaves the client as it is.
 * @throws {TypeError} If the client isn't one of MQTT.js.
 */
export function keepPasswordFresh(
  client: MqttClient,
  authenticator: Pick<Authenticator, "getCredentials" | "onToken" | "refreshCredentials">,
  options: KeepPasswordFreshOptions = {},
): () => void {
  const { reconnect = true } = options;
  if (typeof Object(client).reconnect !== "function" || !Object(client).options) {
    throw new TypeError("client must be a client of mqtt (MQTT.js), such as connect() returns.");
  }
  let isRefused = false;
  let reconnecting = new AbortController();
  let endListening: (() => void) | undefined;

  const use = (credentials: Credentials) => {
    const { accessToken } = requireBearer(credentials);
    if (client.options.password === accessToken && !isRefused) return;
    client.options.password = accessToken;
    if (isRefused) {
      isRefused = false;
      const { incomingStore, outgoingStore } = client;
      client.reconnect({ incomingStore, outgoingStore });
    } else if (reconnect && client.connected && client.options.reconnectPeriod) {
      endConnection(client);
    }
  };
  const replaceRefused = async () => {
    const known = requireBearer(await authenticator.getCredentials());
    const isNewer = known.accessToken !== client.options.password;
    use(isNewer ? known : await authenticator.refreshCredentials({ rejected: known }));
  };
  /** Asks again until there is another token: a broker that refuses each would else be left until the next refresh. */
  const reconnectRefused = async (signal: AbortSignal) => {
    while (isRefused && !signal.aborted) {
      try {
        await replaceRefused();
      } catch (error) {
        const { retryAfter = pause } = Object(error);
        await sleep(Math.min(retryAfter, pause), signal).catch(() => {});
      }
    }
  };
  const onError = (error: unknown) => {
    if (client.connected || !refusals.includes(Object(error).code)) return;
    isRefused = true;
    reconnecting.abort();
    reconnecting = new AbortController();
    reconnectRefused(reconnecting.signal);
  };
  // A client that has ended can be connected again.
  const start = () => void (endListening ??= authenticator.onToken(use));
  const stop = () => {
    reconnecting.abort();
    endListening?.();
    endListening = undefined;
  };
  const listeners = [["connect", start], ["end", stop], ["error", onError]] as const;
  for (const [event, listener] of listeners) client.on(event, listener);
  start();
  return () => {
    stop();
    for (const [event, listener] of listeners) client.removeListener(event, listener);
  };
}

/** Ends the connection, but not the client, which then connects again. */
function endConnection(client: MqttClient): void {
  const { stream } = client;
  // From now on it keeps what is published. What arrives isn't acknowledged, so the broker sends it again.
  client.connected = false;
  stream.unpipe();
  stream.resume();
  stream.end(disconnect);
  const timer = setTimeout(() => stream.destroy(), closingTime);
  stream.once("close", () => clearTimeout(timer));
}
