/**
 * Token sources by a grant: settings from a store, then one token request.
 *
 * @module
 */

import { checkHeaderKey, checkString, checkUrl } from "../arguments.ts";
import type { ClientAuth } from "../client_auth/client_auth.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { ClientConfig, ClientConfigStore } from "../config_store/client_config_store.ts";
import { AuthenticationError } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import type { SharedHealth } from "../refresh/tokens.ts";
import type { TokenSource } from "../token_source.ts";
import type { Grant } from "./grant.ts";
import { type FormParameters, formParameters, serializeParameters, type TokenRequestOptions } from "./parameters.ts";
import type { RejectionCache } from "./rejection_cache.ts";
import { requestToken, type RequestTokenOptions } from "./request_token.ts";

/** What is known of a token endpoint, shared by authenticators derived from one another. */
export interface TokenEndpointState extends SharedHealth {
  readonly rejections: RejectionCache;
}

/** Options of {@linkcode grantSource}. All of them have been checked. */
export interface GrantSourceOptions extends
  TokenRequestOptions,
  Pick<
    RequestTokenOptions,
    "clientId" | "beforeTokenRequest" | "dpop" | "tokenType" | "allowInsecureRequests" | "cooldown"
  > {
  readonly clientAuth: ClientAuth;
  readonly configStore: ClientConfigStore;
  readonly fetch: Fetch;
  readonly clock?: Clock | undefined;
  readonly shared: TokenEndpointState;
}

/** Makes a token source of a grant. A token whose settings have changed is dropped before the request goes out. */
export function grantSource(grant: Grant, options: GrantSourceOptions): TokenSource {
  const { clientId, clock = systemClock, shared: { rejections } } = options;
  const own = formParameters(options);
  let lastKey: string | undefined;
  return async ({ signal, background: isBackground, forget }) => {
    const config = await getClientConfig(options, signal);
    // A store may answer late, to an attempt that was given up.
    signal.throwIfAborted();
    const { tokenEndpoint, issuer, headerKey } = config;
    const form = { ...config.form, ...own };
    const clientKey = JSON.stringify([tokenEndpoint, clientId]);
    const key = clientKey + serializeParameters(form);
    if (lastKey !== undefined && lastKey !== key) forget();
    lastKey = key;
    const request = { tokenEndpoint, issuer, form, signal, isBackground, keys: [clientKey, key] as const };
    const credentials = await requestToken({ ...options, ...grant, ...request, clock, rejections });
    return { credentials, headerKey, server: config };
  };
}

/** Gets the store's settings, checked: a store may be the caller's own code, reading any server's answer. */
async function getClientConfig(
  { configStore, clientAuth: { method: authMethod }, fetch }: GrantSourceOptions,
  signal: AbortSignal,
): Promise<ClientConfig & { tokenEndpoint: URL; form: FormParameters }> {
  let config: ClientConfig;
  try {
    config = Object(await configStore.getClientConfig({ signal, fetch, authMethod }));
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof AuthenticationError) throw cause;
    throw new AuthenticationError("config_store_failed", "Cannot get the client's settings: see the cause.", { cause });
  }
  try {
    return {
      tokenEndpoint: checkUrl("tokenEndpoint", config.tokenEndpoint),
      form: formParameters({ scopes: config.scopes, audience: config.audience, resource: config.resource }),
      headerKey: checkHeaderKey(config.headerKey),
      issuer: checkString("issuer", config.issuer),
      revocationEndpoint: config.revocationEndpoint,
    };
  } catch (error) {
    const { message } = error as TypeError;
    throw new AuthenticationError("invalid_config", `Cannot use the client's settings: ${message}`);
  }
}
