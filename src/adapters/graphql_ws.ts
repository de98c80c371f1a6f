/**
 * Tokens for subscriptions and other operations of GraphQL over WebSocket (graphql-ws).
 *
 * @module
 */

import { checkFunction } from "../arguments.ts";
import type { Authenticator } from "../authenticator.ts";
import type { Credentials } from "../credentials.ts";
import { requireBearer } from "./bound_tokens.ts";

/** Options of {@linkcode graphqlWsOptions}. */
export interface GraphqlWsOptions {
  /** Makes the payload that the server takes the token from. Default: `{ authorization: "Bearer …" }`. */
  params?: ((credentials: Credentials) => Record<string, unknown>) | undefined;
}

/** Options of graphql-ws's `createClient`, to be spread among its others. */
export interface GraphqlWsClientOptions {
  /**
   * Makes the payload of a connection's first message.
   *
   * @returns The payload.
   */
  connectionParams(): Promise<Record<string, unknown>>;
  /**
   * Waits before a connection is opened again.
   *
   * @param retries How often that has failed.
   */
  retryWait(retries: number): Promise<void>;
  /** Listeners. Add your own ones by the client's `on`. */
  on: {
    /** Listens for new tokens while the connection is open. */
    connected(socket: unknown): void;
    /** Ends that. */
    closed(event: unknown): void;
  };
}

/**
 * Makes options for a client of graphql-ws: each connection has a live token, and is replaced when there is a new one.
 *
 * The protocol authenticates a connection once, when it is opened. So the connection is closed for each new token, before the
 * old one expires, and graphql-ws opens another one at once and subscribes again. What the server would have sent meanwhile
 * isn't sent later, and a mutation whose answer is awaited is sent again: give it a key by which the server recognizes it.
 * A token that the server rejects by closing with 4403 is refreshed; 4401 ends the operations, as graphql-ws decides.
 *
 * @example
 * ```ts ignore
 * // Not run: it needs a GraphQL server.
 * import type { Authenticator } from "@m2m/authenticator";
 * import { graphqlWsOptions } from "@m2m/authenticator/adapters/graphql-ws";
 * import { createClient } from "graphql-ws";
 *
 * const connect = (authenticator: Authenticator) =>
 *   createClient({ url: "wss://api.example.com/graphql", ...graphqlWsOptions(authenticator) });
 * ```
 *
 * @param authenticator The authenticator.
 * @param options How the token is carried.
 * @returns The options, for one client.
 * @throws {TypeError} If `params` isn't a function.
 */
export function graphqlWsOptions(
  authenticator: Pick<Authenticator, "getCredentials" | "onToken" | "refreshCredentials">,
  options: GraphqlWsOptions = {},
): GraphqlWsClientOptions {
  const { params = ({ tokenType, accessToken }) => ({ authorization: `${tokenType} ${accessToken}` }) } = options;
  checkFunction("params", params);
  let used: Credentials | undefined;
  let rejected: Credentials | undefined;
  let isReplaced = false;
  let stop: (() => void) | undefined;
  return {
    async connectionParams() {
      const next = rejected &&
        authenticator.refreshCredentials({ rejected }).catch(() => authenticator.getCredentials());
      rejected = undefined;
      used = requireBearer(await (next ?? authenticator.getCredentials()));
      return params(used);
    },
    async retryWait(retries) {
      if (!isReplaced) await new Promise((resolve) => setTimeout(resolve, 500 * 2 ** retries * (1 + Math.random())));
      isReplaced = false;
    },
    on: {
      connected(socket) {
        const { close } = socket as { close(code: number, reason: string): void };
        const replace = (credentials: Credentials) => {
          if (credentials === used || !stop) return;
          isReplaced = true;
          close.call(socket, replacement, "Client Restart");
        };
        stop = authenticator.onToken(replace);
        // One that was issued since the payload was made.
        authenticator.getCredentials().then(replace, () => {});
      },
      closed(event) {
        stop?.();
        stop = undefined;
        if (Object(event).code === forbidden) rejected = used;
      },
    },
  };
}

/** Codes of closes: of one's own, after which graphql-ws tries again, and the server's for a rejected token. */
const [replacement, forbidden] = [4205, 4403];
