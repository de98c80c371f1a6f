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
import { waitFor } from "../refresh/deadlines.ts";
import type { SharedHealth } from "../refresh/tokens.ts";
import type { TokenSource } from "../token_source.ts";
import type { Grant } from "./grant.ts";
import { type FormParameters, formParameters, serializeParameters, type TokenRequestOptions } from "./parameters.ts";
import type { RejectionCache } from "./rejection_cache.ts";
import { requestToken, type RequestTokenOptions } from "./request_token.ts";
import type { SharingContext, TokenSharing } from "./token_sharing.ts";

/** What is known of a token endpoint, shared by authenticators derived from one another. */
export interface TokenEndpointState extends SharedHealth {
  readonly rejections: RejectionCache;
  /** Whether a token was issued before. */
  hasAnswered?: boolean | undefined;
  /** Before this moment, no store is asked again because the endpoint failed. */
  lookAgainAt?: number | undefined;
}

/** Options of {@linkcode grantSource}. All of them have been checked. */
export interface GrantSourceOptions extends
  TokenRequestOptions,
  Omit<SharingContext, "clock">,
  Pick<
    RequestTokenOptions,
    "clientId" | "timeout" | "beforeTokenRequest" | "dpop" | "tokenType" | "allowInsecureRequests" | "cooldown"
  > {
  readonly clientAuth: ClientAuth;
  readonly configStore: ClientConfigStore;
  readonly fetch: Fetch;
  readonly clock?: Clock | undefined;
  readonly tokenStore?: TokenSharing | undefined;
  readonly shared: TokenEndpointState;
}

/** How long an attempt waits to learn that the token endpoint has moved, in milliseconds. */
const longestLook = 2_000;

/** A store's settings, checked. */
type CheckedConfig = ClientConfig & { tokenEndpoint: URL; form: FormParameters; clientAuth: ClientAuth };

/**
 * Makes a token source of a grant. Where the token endpoint fails, the store is asked again, once per cool-down: the
 * endpoint may have moved.
 */
export function grantSource(grant: Grant, options: GrantSourceOptions): TokenSource {
  const { clientId, clock = systemClock, cooldown = 5_000, shared } = options;
  const { rejections } = shared;
  const own = formParameters(options);
  let endpointFailed = false;
  const share = options.tokenStore?.open({ ...options, clock });
  const mayLookAgain = () => endpointFailed && clock.monotonic() >= (shared.lookAgainAt ?? -Infinity);
  return async (made) => {
    const { signal, background: isBackground, onRequest } = made;
    const lookUp = () => {
      const isAgain = mayLookAgain();
      if (isAgain) {
        endpointFailed = false;
        shared.lookAgainAt = clock.monotonic() + cooldown;
      }
      return getClientConfig(options, signal, isAgain);
    };
    const request = async (config: CheckedConfig) => {
      // A store may answer late, to an attempt that was given up.
      signal.throwIfAborted();
      const form = { ...config.form, ...own };
      const clientKey = JSON.stringify([config.tokenEndpoint, clientId]);
      const keys = [clientKey, clientKey + serializeParameters(form)] as const;
      const about = { form, signal, isBackground, keys, hasAnswered: shared.hasAnswered };
      const parts = { ...options, ...grant, ...config, ...about, clock, rejections, onRequest };
      const obtain = async () => {
        const credentials = await requestToken(parts);
        shared.hasAnswered = true;
        return credentials;
      };
      try {
        const token = share ? await share(parts, made, obtain) : { credentials: await obtain() };
        return { ...token, headerKey: config.headerKey, server: config };
      } catch (error) {
        endpointFailed = isEndpointFailure(signal.aborted ? signal.reason : error);
        throw error;
      }
    };
    const config = await lookUp();
    try {
      return await request(config);
    } catch (error) {
      signal.throwIfAborted();
      if (!mayLookAgain()) throw error;
      const next = await waitFor(lookUp(), { timeout: longestLook, signal }).catch(() => config);
      if (next.tokenEndpoint.href === config.tokenEndpoint.href) throw error;
      return await request(next);
    }
  };
}

/** Whether the token endpoint may have moved. */
function isEndpointFailure(error: unknown): boolean {
  const { code, retryable } = Object(error);
  return /^(network_error|timeout|tls_failed|redirect_refused|invalid_response)$/.test(code) ||
    code === "token_endpoint_error" && !retryable;
}

/** Gets the store's settings, checked: a store may be the caller's own code, reading any server's answer. */
async function getClientConfig(
  { configStore, clientAuth, fetch }: GrantSourceOptions,
  signal: AbortSignal,
  endpointFailed: boolean,
): Promise<CheckedConfig> {
  const { method: authMethod, alternative } = clientAuth;
  let config: ClientConfig;
  try {
    const about = { authMethod, alternative: alternative?.method, endpointFailed };
    config = Object(await configStore.getClientConfig({ signal, fetch, ...about }));
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
      clientAuth: config.authMethod === alternative?.method && alternative || clientAuth,
    };
  } catch (error) {
    const { message } = error as TypeError;
    throw new AuthenticationError("invalid_config", `Cannot use the client's settings: ${message}`);
  }
}
