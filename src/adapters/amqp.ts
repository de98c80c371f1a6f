/**
 * Tokens for RabbitMQ by `amqplib`: as the password of each login, and put on connections that are open.
 *
 * @module
 */

import type { Authenticator } from "../authenticator.ts";
import type { Credentials } from "../credentials.ts";
import { requireBearer } from "./bound_tokens.ts";

/** The runtimes of `amqplib` have this, and bundlers for the web don't resolve it. */
declare const process: {
  getBuiltinModule(name: "node:buffer"): { Buffer: { from(text: string): Uint8Array } };
};

/** How `amqplib` logs in (SASL `PLAIN`): a value for `credentials` of its options. */
export interface AmqpCredentials {
  /** The SASL mechanism: `PLAIN`. */
  readonly mechanism: string;
  /**
   * Makes the response that carries the token; `amqplib` calls it at each login.
   *
   * @returns A `Buffer`.
   * @throws {Error} If the token has expired. A new one is requested meanwhile, for the next attempt to connect.
   */
  // `any`, for `Buffer` is a type of @types/node, which isn't everywhere.
  // deno-lint-ignore no-explicit-any
  response(): any;
}

/** Options of {@linkcode amqpCredentials}. */
export interface AmqpCredentialsOptions {
  /** The user name. RabbitMQ takes it from the token, and doesn't look at this one. Default: empty. */
  username?: string | undefined;
}

/** The part of a connection of `amqplib` that is used, of its promises or its callbacks. */
export interface AmqpConnection {
  /**
   * Sends a new secret (`connection.update-secret`).
   *
   * @param newSecret A `Buffer`.
   * @param reason Why, for the broker's log.
   * @param callback Called when the broker has taken it.
   * @returns In the form with promises, one.
   */
  // deno-lint-ignore no-explicit-any
  updateSecret(newSecret: any, reason: string, callback: () => void): unknown;
  /**
   * Calls a listener when the connection is closed.
   *
   * @param event The event.
   * @param listener The listener.
   * @returns The connection.
   */
  once(event: "close", listener: () => void): unknown;
}

/**
 * Logs in to RabbitMQ with the token as password, for `credentials` of `amqplib`'s options.
 *
 * Each login sends the token of that moment, so that a connection that recovers by `amqplib`'s `recovery` has a live one.
 * Without `recovery`, call it for each connection. A token that the broker refuses (`ACCESS_REFUSED`) stays in use until
 * `authenticator.refreshCredentials({ rejected: authenticator.credentials })` replaces it. The broker needs the plugin `rabbitmq_auth_backend_oauth2`, and over
 * `amqp:` it gets the token unencrypted.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs a RabbitMQ server.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { amqpCredentials, keepSecretFresh } from "@m2m/authenticator/adapters/amqp";
 * import { connect } from "amqplib";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://rabbitmq.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const credentials = await amqpCredentials(authenticator);
 * const connection = await connect("amqps://rabbitmq.example.com", {
 *   credentials,
 *   recovery: { setup: async (model) => void keepSecretFresh(model, authenticator) },
 * });
 * ```
 *
 * @param authenticator The authenticator.
 * @param options The user name.
 * @returns The credentials; they hold no token.
 * @throws {AuthenticationError} If no token is issued.
 */
export async function amqpCredentials(
  authenticator: Pick<Authenticator, "credentials" | "explain" | "getCredentials">,
  options: AmqpCredentialsOptions = {},
): Promise<AmqpCredentials> {
  const { username = "" } = options;
  requireBearer(await authenticator.getCredentials());
  return {
    mechanism: "PLAIN",
    response() {
      // It refreshes, too, and amqplib waits for nothing here.
      authenticator.getCredentials().catch(() => {});
      const { accessToken } = authenticator.credentials!;
      if (authenticator.explain().token !== "live") {
        throw new Error("Cannot log in to the broker: the token has expired. A new one is requested; connect again.");
      }
      return toBuffer(`\0${username}\0${accessToken}`);
    },
  };
}

/**
 * Puts each new token on an open connection, until it is closed (`connection.updateSecret`).
 *
 * Without it, RabbitMQ closes channels that are used after the token has expired. Call it as soon as the connection is open;
 * with `amqplib`'s `recovery`, in `recovery.setup`. The broker closes connections whose new token it refuses, as always:
 * listen to `error` and `close`.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs a RabbitMQ server.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { amqpCredentials, keepSecretFresh } from "@m2m/authenticator/adapters/amqp";
 * import { connect } from "amqplib";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://rabbitmq.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const credentials = await amqpCredentials(authenticator);
 * const connection = await connect("amqps://rabbitmq.example.com", { credentials });
 * connection.on("error", console.error);
 * keepSecretFresh(connection, authenticator);
 * ```
 *
 * @param connection The connection.
 * @param authenticator The authenticator.
 * @returns A function that ends it, for a connection that is handed on.
 * @throws {TypeError} If the connection isn't one of `amqplib`, or is one that recovers, which has no end to wait for.
 */
export function keepSecretFresh(
  connection: AmqpConnection,
  authenticator: Pick<Authenticator, "getCredentials" | "onToken">,
): () => void {
  if (typeof Object(connection).updateSecret !== "function") {
    throw new TypeError("connection must be a connection of amqplib, with updateSecret. Await connect().");
  }
  if ("waitForConnect" in connection) {
    throw new TypeError(
      "Cannot keep a recovering connection's secret fresh: it is replaced. Call this in recovery.setup, with its argument.",
    );
  }
  const update = async ({ accessToken }: Credentials) => {
    await connection.updateSecret(toBuffer(accessToken), "The token was refreshed.", () => {});
  };
  const stop = authenticator.onToken(update);
  connection.once("close", stop);
  // It may have been refreshed since the login.
  authenticator.getCredentials().then(update).catch(() => {});
  return stop;
}

function toBuffer(text: string): Uint8Array {
  return process.getBuiltinModule("node:buffer").Buffer.from(text);
}
