/**
 * Options of authenticators, and the checks of them.
 *
 * @module
 */

import {
  checkCallerHeader,
  checkDuration,
  checkFunction,
  checkHeaderKey,
  checkNumber,
  checkUrl,
  throwInvalid,
} from "./arguments.ts";
import type { CallerHeader } from "./api_call/headers.ts";
import type { Credentials } from "./credentials.ts";
import type { ProofOfPossession } from "./dpop/proof_of_possession.ts";
import type { AuthenticatorDescription } from "./events.ts";
import { type Fetch, globalFetch } from "./http/fetch.ts";
import type { TokenExplanation } from "./refresh/explain.ts";
import { newRetryPolicy } from "./refresh/health.ts";
import type { RefreshingOptions } from "./refresh/tokens.ts";
import type { TokenRequestOptions } from "./token_endpoint/parameters.ts";
import type { TokenRevocation } from "./token_endpoint/token_revocation.ts";
import { hostTransport } from "./transport/host.ts";
import type { ClientCertificate, Transport, TransportOptions } from "./transport/transport.ts";

/** Options that every {@linkcode Authenticator} takes. */
export interface AuthenticatorOptions extends RefreshingOptions {
  /**
   * The API that is called, as an absolute URL. Its origin gets the token, and no other but `allowedOrigins`. Inputs of
   * `fetch` resolve against it as links do: end it in a slash for a path to count, and start the inputs without one.
   * `https://api.example.com/v1/` and `projects` make `/v1/projects`; `/projects` replaces the path (event
   * `endpoint_path_ignored`).
   */
  endpoint: string | URL;
  /** Name of the header that carries the token. Default: what the config store says, else `authorization`. */
  headerKey?: string | undefined;
  /**
   * Which header is sent where the caller, or an SDK, has set the token's header itself: the caller's (`keep`), or the
   * token (`replace`). Default: `keep`.
   */
  callerHeader?: CallerHeader | undefined;
  /** Sends all requests, in the shape of `fetch`. Default: the global `fetch`. */
  fetch?: Fetch | undefined;
  /**
   * An HTTP proxy for all requests, as in `http://user:password@proxy.example.com:3128`. For Deno, Bun, and Node with
   * undici installed, as are the next two; elsewhere pass a `fetch` that does it. Default: the runtime's own.
   */
  httpProxyUrl?: string | undefined;
  /**
   * How servers' certificates are verified: `false` for not at all (on Deno by `./transport/deno` only), or authorities
   * to trust besides the runtime's own, as PEM text or as the path of a PEM file. Default: `true`.
   */
  verify?: boolean | string | undefined;
  /** The certificate to show to servers that ask for one (mutual TLS, RFC 8705). Default: none. */
  clientCertificate?: ClientCertificate | undefined;
  /**
   * Tells whether the API rejects the token by this response, such as a 200 with an error inside, 403, 419 or 498. To read
   * its body, read that of a clone (what is read stays in memory for the caller). Default: a 401 does, and a 403 whose
   * challenge says `invalid_token` (RFC 6750 §3.1).
   */
  isRejected?: ((response: Response) => boolean | Promise<boolean>) | undefined;
  /** How much of a `Request`'s body is kept for a replay, in bytes; a call with more isn't replayed. Default: 1,048,576. */
  maxReplayBody?: number | undefined;
  /** Origins besides the endpoint's that get the token as well, as in `https://files.example.com`. Default: none. */
  allowedOrigins?: readonly (string | URL)[] | undefined;
  /** Makes sender-constrained tokens (DPoP, RFC 9449): made by `dpop` of `./dpop`. Default: bearer tokens. */
  dpop?: ProofOfPossession | undefined;
  /** Revokes the token when the authenticator is closed (RFC 7009): made by `tokenRevocation`. Default: none. */
  revocation?: TokenRevocation | undefined;
}

/** Options of a single call. */
export interface CallOptions {
  /** Ends this caller's wait, with its own reason; others who wait for the same token aren't disturbed. */
  signal?: AbortSignal | undefined;
}

/** Options of {@linkcode Authenticator.refreshCredentials}. */
export interface RefreshOptions extends CallOptions {
  /** Credentials that the API rejected. Default: none; new ones are requested in any case. */
  rejected?: Credentials | undefined;
}

/** Options of {@linkcode Authenticator.with}. What isn't given stays as it is. */
export interface WithOptions
  extends
    TokenRequestOptions,
    Partial<Pick<AuthenticatorOptions, "endpoint" | "headerKey" | "allowedOrigins" | "callerHeader">> {}

/** Options that have been checked. */
export interface CheckedOptions
  extends Omit<AuthenticatorOptions, "httpProxyUrl" | "verify" | "clientCertificate" | "endpoint" | "fetch"> {
  readonly endpoint: string;
  readonly headerKey?: string | undefined;
  readonly allowedOrigins?: readonly string[] | undefined;
  readonly fetch: Fetch;
  /** What a token is requested by, where there is such a thing: to be printed. */
  readonly clientId?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly audience?: string | undefined;
  readonly resource?: readonly string[] | undefined;
}

/** Checks options and copies them. What may hold a secret (a proxy's password, a key) isn't copied: the transport has it. */
export function checkOptions(options: AuthenticatorOptions, transport: Fetch = globalFetch): CheckedOptions {
  const { httpProxyUrl: _, verify: __, clientCertificate: ___, allowedOrigins, ...others } = options;
  const { endpoint, headerKey, retry, dpop, revocation } = options;
  checkUrl("endpoint", endpoint);
  for (const name of ["onEvent", "waitUntil", "isRejected", "authorization"] as const) {
    checkFunction(name, options[name]);
  }
  checkDuration("defaultLifetime", options.defaultLifetime);
  checkDuration("timeout", options.timeout);
  newRetryPolicy(retry);
  checkNumber("maxReplayBody", options.maxReplayBody, 0);
  checkCallerHeader(options.callerHeader);
  if (dpop && !dpop.apiFetch) throwInvalid("dpop", "what dpop() returns", dpop);
  if (revocation && !revocation.revoke) throwInvalid("revocation", "what tokenRevocation() returns", revocation);
  return {
    ...others,
    endpoint: String(endpoint),
    fetch: options.fetch ?? transport,
    ...headerKey !== undefined && { headerKey: checkHeaderKey(headerKey) },
    ...retry && { retry: { ...retry } },
    ...allowedOrigins && { allowedOrigins: checkOrigins(allowedOrigins) },
  };
}

/** Origins of URLs, or nothing. */
export function checkOrigins(urls: AuthenticatorOptions["allowedOrigins"]): readonly string[] | undefined {
  if (urls && !Array.isArray(urls)) {
    throwInvalid("allowedOrigins", 'an array, such as ["https://files.example.com"]', urls);
  }
  return urls?.map((url) => checkUrl("allowedOrigins", url).origin);
}

/** Makes the transport that `httpProxyUrl`, `verify` and `clientCertificate` ask for, if they ask for one. */
export function chooseTransport(
  options: Pick<AuthenticatorOptions, "fetch"> & TransportOptions,
): Transport | undefined {
  const { fetch, httpProxyUrl, verify = true, verifyName, clientCertificate } = options;
  checkFunction("fetch", fetch);
  // As an environment variable gives it, an empty text is none.
  if (!httpProxyUrl && !clientCertificate && (verify === true || verify === "")) return undefined;
  if (fetch !== undefined) {
    throw new TypeError(
      "httpProxyUrl, verify or clientCertificate can't be combined with fetch: pass a fetch that does it.",
    );
  }
  return hostTransport({ httpProxyUrl, verify, verifyName, clientCertificate });
}

/** The state of an authenticator: its settings and its token, without secrets. */
export interface Explanation extends TokenExplanation {
  /** The option `endpoint`. */
  readonly endpoint: string;
  /** The client's identifier, where the grant has one. */
  readonly clientId?: string;
  /** The option `scopes`. */
  readonly scopes?: readonly string[];
  /** The origins of the option `allowedOrigins`. */
  readonly allowedOrigins?: readonly string[];
  /** The option `callerHeader`. */
  readonly callerHeader?: CallerHeader;
}

/** Explains an authenticator by its options and its token. */
export function explain(
  options: CheckedOptions,
  token: TokenExplanation | undefined,
  isClosed: boolean,
): Explanation {
  const known = token && !isClosed ? token : { token: isClosed ? "closed" : "none", isRefreshing: false } as const;
  return {
    ...pick(options, ["endpoint", "clientId", "scopes", "allowedOrigins", "callerHeader"]),
    ...known,
  } as Explanation;
}

/** The options of these names that are given. */
function pick<Name extends keyof CheckedOptions>(
  options: CheckedOptions,
  names: readonly Name[],
): { readonly [Given in Name]?: NonNullable<CheckedOptions[Given]> } {
  return Object.fromEntries(names.flatMap((name) => options[name] ? [[name, options[name]]] : [])) as never;
}

const bound = new WeakMap<CheckedOptions, CheckedOptions>();

/** Makes options whose listener is told which authenticator it listens to. */
export function bindListener(options: CheckedOptions): CheckedOptions {
  const { onEvent, endpoint } = options;
  if (!onEvent) return options;
  let found = bound.get(options);
  if (!found) {
    const description: AuthenticatorDescription = Object.freeze({
      endpoint: new URL(endpoint).origin,
      ...pick(options, ["clientId", "scopes", "audience", "resource"]),
    });
    found = { ...options, onEvent: (event) => onEvent(event, description) };
    bound.set(options, found);
  }
  return found;
}
