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

/**
 * Makes a token source of a grant. Where the token endpoint fails, the store is asked again, once per cool-down: the
 * endpoint may have moved.
 */
export function grantSource(grant: Grant, options: GrantSourceOptions): TokenSource {
  const { clientId, clock = systemClock, cooldown = 5_000, shared } = options;
  const own = formParameters(options);
  let hasFailed = false;
  let nextLook = -Infinity;
  return async ({ signal, background: isBackground }) => {
    const lookUp = async (again: boolean) => {
      if (again) nextLook = clock.monotonic() + cooldown;
      return await getClientConfig(options, signal, again);
    };
    const mayLookAgain = () => hasFailed && clock.monotonic() >= nextLook;
    let config = await lookUp(mayLookAgain());
    for (;;) {
      // A store may answer late, to an attempt that was given up.
      signal.throwIfAborted();
      const { tokenEndpoint, issuer, headerKey } = config;
      const form = { ...config.form, ...own };
      const clientKey = JSON.stringify([tokenEndpoint, clientId]);
      const keys = [clientKey, clientKey + serializeParameters(form)] as const;
      const hasAnswered = shared.health.isProven;
      const request = { tokenEndpoint, issuer, form, signal, isBackground, keys, hasAnswered };
      // An attempt that takes too long is given up here.
      hasFailed = true;
      try {
        const credentials = await requestToken({
          ...options,
          ...grant,
          ...request,
          clock,
          rejections: shared.rejections,
        });
        hasFailed = false;
        return { credentials, headerKey, server: config };
      } catch (error) {
        signal.throwIfAborted();
        hasFailed = isEndpointFailure(error);
        if (!mayLookAgain()) throw error;
        config = await lookUp(true).catch(() => config);
        if (config.tokenEndpoint.href === tokenEndpoint.href) throw error;
      }
    }
  };
}

/** Whether the token endpoint may have moved. */
function isEndpointFailure(error: unknown): boolean {
  const { code, retryable } = Object(error);
  return /^(network_error|tls_failed|redirect_refused|invalid_response)$/.test(code) ||
    code === "token_endpoint_error" && !retryable;
}

/** Gets the store's settings, checked: a store may be the caller's own code, reading any server's answer. */
async function getClientConfig(
  { configStore, clientAuth: { method: authMethod }, fetch }: GrantSourceOptions,
  signal: AbortSignal,
  hasFailed: boolean,
): Promise<ClientConfig & { tokenEndpoint: URL; form: FormParameters }> {
  let config: ClientConfig;
  try {
    config = Object(await configStore.getClientConfig({ signal, fetch, authMethod, hasFailed }));
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
