/**
 * Where the brokers are, and an authenticator for them, for programs on every runtime.
 *
 * @module
 */

import {
  type Authenticator,
  ClientCredentialsAuthenticator,
  type Credentials,
  StaticClientConfigStore,
} from "@m2m/authenticator";

/** A broker, and the authorization server whose tokens it takes. */
export interface Place {
  readonly amqp: string;
  readonly mqtt: string;
  readonly audience: string;
  readonly tokenEndpoint: string;
  readonly scopes: readonly string[];
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Makes an authenticator. */
export function makeAuthenticator(
  { audience, tokenEndpoint, scopes, clientId, clientSecret }: Omit<Place, "amqp" | "mqtt">,
) {
  const configStore = new StaticClientConfigStore({ tokenEndpoint, scopes: [...scopes], audience });
  return new ClientCredentialsAuthenticator({ endpoint: audience, clientId, clientSecret, configStore });
}

/** An authenticator whose listeners are counted. */
export function countListeners(authenticator: Authenticator) {
  const open = new Set<object>();
  return {
    open,
    /** How many tokens the listeners were told of. */
    told: 0,
    getCredentials: () => authenticator.getCredentials(),
    refreshCredentials: (options: { rejected?: Credentials | undefined }) => authenticator.refreshCredentials(options),
    onToken(listener: (credentials: Credentials) => unknown): () => void {
      const stop = authenticator.onToken((credentials) => {
        this.told++;
        return listener(credentials);
      });
      open.add(stop);
      return () => {
        open.delete(stop);
        stop();
      };
    },
  };
}

/** A short pause between two messages. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20));
}
