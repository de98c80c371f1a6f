/**
 * Two legs to a token of another domain: a token exchange at one server (RFC 8693), and its outcome as assertion at the
 * next (RFC 7523).
 *
 * @module
 */

import type { TokenRequest } from "../client_auth/client_auth.ts";
import { type Clock, systemClock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import { AuthenticationError } from "../errors.ts";
import { checkFunction, throwInvalid } from "../arguments.ts";
import type { GrantOptions } from "../grant_options.ts";
import type { Fetch } from "../http/fetch.ts";
import { isRemembered, markRemembered } from "../refresh/caller_error.ts";
import { withDeadline } from "../refresh/deadlines.ts";
import { newHealth } from "../refresh/health.ts";
import type { Grant } from "../token_endpoint/grant.ts";
import { grantSource, type GrantSourceOptions } from "../token_endpoint/grant_source.ts";
import { formParameters, type TokenRequestOptions } from "../token_endpoint/parameters.ts";
import { RejectionCache } from "../token_endpoint/rejection_cache.ts";
import type { TokenSource, TokenSourceRequest } from "../token_source.ts";
import { checkNamelessGrantOptions, type NamelessGrantOptions } from "./grant_options.ts";
import { jwtBearerGrant } from "./jwt_bearer_grant.ts";
import { type ExchangedTokens, lookUp, ownParameters, tokenExchangeGrant, TokenType } from "./token_exchange_grant.ts";

/** The server that issues the assertion, and the client there. */
export interface IdentityProvider extends
  Omit<TokenRequestOptions, "audience">,
  Pick<
    GrantOptions,
    | "clientSecret"
    | "basicEncoding"
    | "clientAuth"
    | "configStore"
    | "beforeTokenRequest"
    | "cooldown"
    | "allowInsecureRequests"
    | "dpop"
  > {
  /** The client's identifier at this server. Default: none is sent. */
  clientId?: string | undefined;
  /** The authorization server that the assertion is for: its issuer identifier. Default: what its config store says. */
  audience?: string | undefined;
  /** Sends requests to this server: by a client certificate of its own, say. Default: what sends all others. */
  fetch?: Fetch | undefined;
}

/** What is exchanged for an assertion, and where. */
export interface AssertionExchange extends ExchangedTokens {
  /** The server that issues the assertion. Its `scopes`, `resource` and `authorizationDetails` are by default the token's. */
  identityProvider: IdentityProvider;
  /**
   * The type of `subjectToken`.
   *
   * @default {TokenType.ID_TOKEN, and TokenType.ACCESS_TOKEN for an assertion of another type than TokenType.ID_JAG}
   */
  subjectTokenType?: TokenType | undefined;
  /**
   * The type of the assertion: `TokenType.JWT` for identity chaining.
   *
   * @default {TokenType.ID_JAG}
   */
  requestedTokenType?: TokenType | undefined;
}

/** Checks the options, and hides secrets from printers. */
export function checkAssertionExchange<Options extends AssertionExchange>(options: Options): Options {
  const { identityProvider, actorToken, requestedTokenType = TokenType.ID_JAG } = options;
  const { subjectTokenType = requestedTokenType === TokenType.ID_JAG ? TokenType.ID_TOKEN : TokenType.ACCESS_TOKEN } =
    options;
  if (typeof identityProvider !== "object" || identityProvider === null) {
    throwInvalid("identityProvider", "an object, such as { configStore, clientId, clientSecret }", identityProvider);
  }
  const checked = {
    ...options,
    subjectToken: lookUp("subjectToken", options.subjectToken),
    ...actorToken !== undefined && { actorToken: lookUp("actorToken", actorToken) },
    subjectTokenType,
    requestedTokenType,
  };
  tokenExchangeGrant(checked);
  try {
    checkFunction("fetch", identityProvider.fetch);
    const provider = checkNamelessGrantOptions(identityProvider as unknown as NamelessGrantOptions, ownParameters);
    return { ...checked, identityProvider: provider };
  } catch (error) {
    const Same = (error as Error).constructor as ErrorConstructor;
    throw new Same(`identityProvider: ${(error as Error).message}`);
  }
}

/** What the first leg needs besides, of an authenticator or of a token source's options. */
export interface LegContext {
  readonly fetch: Fetch;
  readonly clock?: Clock | undefined;
  readonly timeout?: number | undefined;
  /** What is known of token endpoints. Default: nothing. */
  readonly shared?: Pick<GrantSourceOptions["shared"], "rejections"> | undefined;
}

/** How long an assertion must live to be sent again, in milliseconds: the way to the server, and its clock. */
const leastLifetime = 10_000;
/** The part of an attempt that the first leg may take: its own error comes before the attempt's. */
const share = 0.8;
/** What both legs ask for, as parameter and as option. */
const common = { scope: "scopes", resource: "resource", authorization_details: "authorizationDetails" } as const;

/** Makes a token source of both legs; the options have been checked. `makeSecond` makes that of the second. */
export function exchangeAssertion(
  options: AssertionExchange,
  { fetch, clock = systemClock, timeout = 10_000, shared }: LegContext,
  makeSecond: (grant: Grant) => TokenSource,
): TokenSource {
  const { identityProvider: provider, requestedTokenType, subjectToken, actorToken } = options;
  const { cooldown = 5_000 } = provider;
  let tokens: Promise<string>[];
  const given = { subjectToken: () => tokens[0]!, ...actorToken !== undefined && { actorToken: () => tokens[1]! } };
  const exchange = tokenExchangeGrant({ ...options, ...given });
  const parts = {
    ...provider,
    fetch: provider.fetch ?? fetch,
    clock,
    timeout: timeout * share,
    shared: { health: newHealth, rejections: shared?.rejections ?? new RejectionCache() },
  } as unknown as GrantSourceOptions;
  const failures = new WeakSet<object>();
  let current: TokenSourceRequest;
  let known: { readonly credentials: Credentials; readonly key: string } | undefined;
  let isReused = false;
  let unusable: { readonly error: AuthenticationError; readonly until: number } | undefined;

  const requestAssertion = async (second: TokenRequest, signal: AbortSignal): Promise<Credentials> => {
    // As the rejection cache does it for what the server says.
    if (unusable && clock.monotonic() < unusable.until) throw unusable.error;
    const first: Grant = {
      ...exchange,
      async prepare(request) {
        await exchange.prepare?.(request);
        request.grantProof += copyParameters(request.body, second, provider);
      },
    };
    const { credentials } = await grantSource(first, parts)({ ...current, onRequest: undefined, signal });
    try {
      checkIssued(credentials, requestedTokenType);
    } catch (error) {
      unusable = { error: markRemembered(error as AuthenticationError), until: clock.monotonic() + cooldown };
      throw new AuthenticationError(unusable.error.code, unusable.error.message);
    }
    return credentials;
  };
  /** Finds an assertion for this server, for what it is asked, and for the tokens of this moment. */
  const findAssertion = async (request: TokenRequest, signal: AbortSignal): Promise<Credentials> => {
    const { tokenEndpoint, issuer, body } = request;
    const asked = Object.keys(common).map((name) => body.getAll(name));
    tokens = [subjectToken, actorToken].map(async (token) => typeof token === "function" ? await token() : token!);
    // The exchange says what is wrong with a token.
    const key = Promise.all(tokens).then((all) => JSON.stringify([tokenEndpoint, issuer, asked, all]), () => "");
    const { expiresAt = 0 } = known?.credentials ?? {};
    isReused = expiresAt - clock.wall() > leastLifetime && known!.key === await key;
    if (!isReused) known = { credentials: await requestAssertion(request, signal), key: await key };
    return known!.credentials;
  };
  const getAssertion = async (request: TokenRequest): Promise<string> => {
    const { body, signal } = request;
    try {
      const deadline = { timeout: parts.timeout, signal };
      const { accessToken, scope } = await withDeadline(deadline, (signal) => findAssertion(request, signal));
      // A rejection counts for this assertion only.
      request.grantProof = accessToken;
      const asked = body.get("scope")?.split(" ");
      // The server may have granted less, or more.
      const granted = scope?.split(" ").filter((each) => asked?.includes(each)).join(" ");
      if (granted) body.set("scope", granted);
      return accessToken;
    } catch (error) {
      signal.throwIfAborted();
      const failure = nameLeg("get the assertion from the identity provider (first leg)", error);
      failures.add(Object(failure));
      throw failure;
    }
  };
  const second = makeSecond({
    ...jwtBearerGrant(getAssertion),
    variant: JSON.stringify([exchange.variant, provider.clientId, formParameters(provider)]),
  });
  return async (attempt) => {
    current = attempt;
    try {
      return await second(attempt).catch((error) => {
        const isRefused = Object(error).error === "invalid_grant" && !isRemembered(error) && !failures.has(error);
        if (!isReused || !isRefused) throw error;
        // It was used before: many servers take an assertion once, or have new keys by now.
        known = undefined;
        return second(attempt);
      });
    } catch (error) {
      attempt.signal.throwIfAborted();
      throw failures.has(Object(error)) ? error : nameLeg("get a token for the assertion (second leg)", error);
    }
  };
}

/** Puts on the first request what the second one asks for, unless an option says otherwise. Returns it, serialized. */
function copyParameters(
  body: URLSearchParams,
  { body: second, issuer }: TokenRequest,
  provider: IdentityProvider,
): string {
  const copied: string[][] = [];
  for (const [name, option] of Object.entries(common)) {
    if (provider[option] !== undefined || body.has(name)) continue;
    copied.push(...second.getAll(name).map((value) => [name, value]));
  }
  for (const [name, value] of copied) body.append(name!, value!);
  if (!body.has("audience") && provider.audience === undefined) {
    if (issuer === undefined) {
      throw new AuthenticationError(
        "invalid_config",
        "Cannot name the server that the assertion is for: its config store has no issuer. Set identityProvider.audience.",
      );
    }
    body.set("audience", issuer);
  }
  return JSON.stringify([copied, body.get("audience")]);
}

/** Throws unless it is the assertion that was requested (RFC 8693 §2.2.1). */
function checkIssued({ accessToken, response }: Credentials, expected: TokenType | undefined): void {
  const isExpected = response.issued_token_type === expected;
  if (isExpected && accessToken.split(".").length >= 3) return;
  throw new AuthenticationError(
    "unsupported_token_type",
    `Cannot use what the server issued: ${
      isExpected ? "it is no JWT." : `its issued_token_type is not ${expected} (RFC 8693 §2.2.1).`
    } Check whether the server knows this requested_token_type.`,
  );
}

/** Says in the error which leg failed. */
function nameLeg(what: string, error: unknown): unknown {
  if (!(error instanceof AuthenticationError)) return error;
  const { code, message, cause } = error;
  const named = new AuthenticationError(code, `Cannot ${what}: ${message}`, {
    ...error,
    ...cause !== undefined && { cause },
  });
  return isRemembered(error) ? markRemembered(named) : named;
}
