/**
 * An authenticator whose tokens are numbered, for the tests of adapters.
 *
 * @module
 */

import type { Authenticator, AuthenticatorEvent, ClientCredentialsAuthenticatorOptions } from "@m2m/authenticator";
import { authenticatorAt } from "../authenticator_at.ts";
import { tokenEndpointStub } from "../servers/token_endpoint_stub.ts";

/** What a scene is told. */
export interface SceneOptions extends Partial<ClientCredentialsAuthenticatorOptions> {
  /** Gets each token before the client does, such as to make it known to a server. A response is given instead of it. */
  readonly issue?: (token: string) => unknown;
  /** Makes the token of this number. Default: `token-1`, `token-2`, … */
  readonly makeToken?: (count: number) => string;
  /** How long tokens live, in seconds. Default: an hour. */
  readonly expiresIn?: number;
}

/** Makes an authenticator; `tokens` are those issued so far. */
export function adapterScene({ issue, makeToken, expiresIn = 3600, ...options }: SceneOptions = {}) {
  const tokens: string[] = [];
  const events: AuthenticatorEvent[] = [];
  let listeners = 0;
  const stub = tokenEndpointStub(async (count) => {
    const token = makeToken?.(count) ?? `token-${count}`;
    const instead = await issue?.(token);
    if (instead instanceof Response) return instead;
    tokens.push(token);
    return Response.json({ access_token: token, token_type: "Bearer", expires_in: expiresIn });
  });
  const own = authenticatorAt(stub, { onEvent: (event) => events.push(event), ...options });
  /** The authenticator as adapters take it, with its listeners counted. */
  const authenticator: Pick<
    Authenticator,
    "getCredentials" | "refreshCredentials" | "onToken" | "explain" | "credentials"
  > = {
    get credentials() {
      return own.credentials;
    },
    getCredentials: (options) => own.getCredentials(options),
    refreshCredentials: (options) => own.refreshCredentials(options),
    explain: () => own.explain(),
    onToken(listener) {
      listeners++;
      const stop = own.onToken(listener);
      return () => {
        listeners--;
        stop();
      };
    },
  };
  return {
    authenticator,
    tokens: tokens as readonly string[],
    events: events as readonly AuthenticatorEvent[],
    countListeners: () => listeners,
    [Symbol.asyncDispose]: () => own.close(),
  };
}
