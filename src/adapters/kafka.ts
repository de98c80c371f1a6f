/**
 * Tokens for Kafka (SASL `OAUTHBEARER`, KIP-255), by KafkaJS or Confluent's client.
 *
 * @module
 */

import type { Authenticator } from "../authenticator.ts";
import type { Credentials } from "../credentials.ts";
import { requireBearer } from "./bound_tokens.ts";
import { readClaims } from "../jwt/read_jwt.ts";

/** Options of {@linkcode oauthBearerProvider}. */
export interface KafkaTokenOptions {
  /** The name of the client in logs of librdkafka. Default: the token's `sub`, else its `client_id`, else none. */
  principal?: string | undefined;
  /** SASL extensions (RFC 7628 §3.1), such as Confluent Cloud's `logicalCluster` and `identityPoolId`. Default: none. */
  extensions?: Readonly<Record<string, string>> | undefined;
}

/** A token in the shapes of all these clients. */
export interface OauthBearerToken {
  /** The token. */
  value: string;
  /** The token, for librdkafka's callback. */
  tokenValue: string;
  /** The client's name. */
  principal: string;
  /** When the token expires, in milliseconds since the epoch. */
  lifetime: number;
  /** SASL extensions. */
  extensions: Record<string, string>;
}

/** What is used of an authenticator. */
export type KafkaAuthenticator = Pick<Authenticator, "explain" | "getCredentials" | "refreshCredentials">;

/** What librdkafka is told of a token of unknown lifetime, in milliseconds: it asks again after four fifths. */
const assumedLifetime = 300_000;

/**
 * Gives live tokens to a Kafka client, which asks for them at each login.
 *
 * It has the shape of `oauthBearerProvider` of KafkaJS 2 and of Confluent's `@confluentinc/kafka-javascript` 1, and of the
 * latter's `oauthbearer_token_refresh_cb`. KafkaJS was tried against a stand-in for a broker, Confluent's client once by hand.
 * The broker ends sessions when their tokens expire (KIP-368); both clients log in again on
 * the same connection. After an error librdkafka asks again in 10 seconds. With its callback listen to the client's `error`,
 * for without a listener the first such error ends the process.
 *
 * @example KafkaJS
 * ```ts ignore
 * // Not run: it needs a Kafka broker.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { oauthBearerProvider } from "@m2m/authenticator/adapters/kafka";
 * import { Kafka } from "kafkajs";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://kafka.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const kafka = new Kafka({
 *   brokers: ["kafka.example.com:9093"],
 *   ssl: true,
 *   sasl: { mechanism: "oauthbearer", oauthBearerProvider: oauthBearerProvider(authenticator) },
 * });
 * ```
 *
 * @example Confluent's client
 * ```ts ignore
 * // Not run: it needs a Kafka broker.
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { oauthBearerProvider } from "@m2m/authenticator/adapters/kafka";
 * import { KafkaJS } from "@confluentinc/kafka-javascript";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://kafka.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({ tokenEndpoint: "https://auth.example.com/oauth/token" }),
 * });
 * const extensions = { logicalCluster: "lkc-1", identityPoolId: "pool-1" };
 * const kafka = new KafkaJS.Kafka({
 *   kafkaJS: {
 *     brokers: ["kafka.example.com:9092"],
 *     ssl: true,
 *     sasl: { mechanism: "oauthbearer", oauthBearerProvider: oauthBearerProvider(authenticator, { extensions }) },
 *   },
 * });
 * ```
 *
 * @param authenticator The authenticator.
 * @param options The principal and SASL extensions.
 * @returns The provider. It rejects with an `AuthenticationError` if no token is issued.
 */
export function oauthBearerProvider(
  authenticator: KafkaAuthenticator,
  options: KafkaTokenOptions = {},
): () => Promise<OauthBearerToken> {
  const { principal, extensions } = options;
  return async () => {
    const { accessToken, expiresAt } = requireBearer(await preferNext(authenticator));
    return {
      value: accessToken,
      tokenValue: accessToken,
      principal: principal ?? readSubject(accessToken),
      lifetime: expiresAt ?? Date.now() + assumedLifetime,
      extensions: { ...extensions },
    };
  };
}

/**
 * Waits for the refresh that is under way near a token's end: a client asks once, then keeps the token for long. Half of
 * what is left is given to it, and after that the known token.
 */
async function preferNext(authenticator: KafkaAuthenticator): Promise<Credentials> {
  const known = await authenticator.getCredentials();
  const { isRefreshing, remainingLifetime = 0 } = authenticator.explain();
  if (!isRefreshing) return known;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), remainingLifetime / 2);
  const next = authenticator.refreshCredentials({ signal: late.signal });
  return await next.catch(() => authenticator.getCredentials()).finally(() => clearTimeout(timer));
}

/** The subject by the token's own claims; empty where it is no JWT. */
function readSubject(token: string): string {
  const { sub, client_id } = readClaims(token);
  return [sub, client_id].find((value) => typeof value === "string") as string | undefined ?? "";
}
