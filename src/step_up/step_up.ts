/**
 * Gets a token with more scopes, or other claims, when the API says that it needs them.
 *
 * - `error="insufficient_scope"` in a 403 (RFC 6750 §3.1, and MCP's
 *   [scope challenge](https://modelcontextprotocol.io/specification/2025-11-25/basic/authorization)): the scopes in use and
 *   those of the challenge are requested together.
 * - `error="insufficient_claims"` with `claims`, in a 401 or 403, as
 *   [Entra ID](https://learn.microsoft.com/en-us/entra/identity-platform/claims-challenge) has it: the claims are sent to
 *   the token endpoint.
 * - `error="insufficient_user_authentication"` (RFC 9470) asks for a person: the response is the caller's.
 *
 * @module
 */

import { discardBody } from "../api_call/bodies.ts";
import { parseTarget } from "../api_call/call_input.ts";
import {
  type ApiCall,
  defaultMaxReplayBody,
  isRequest,
  keepBody,
  readCall,
  replayBody,
} from "../api_call/replayable_request.ts";
import { checkFunction, checkNumber, checkUrl, throwInvalid } from "../arguments.ts";
import { checkOrigins } from "../authenticator_options.ts";
import { systemClock } from "../clock.ts";
import { AuthenticationError } from "../errors.ts";
import { cancel } from "../http/body.ts";
import type { Fetch } from "../http/fetch.ts";
import { type ClaimsRequest, isRecord, mergeClaims, parseScopes, readDemand } from "./demand.ts";
import { derive, hasToken, includes, type Level, newLevel, type Source, type StepUpAuthenticator } from "./level.ts";

export type { ClaimsRequest } from "./demand.ts";
export type { StepUpAuthenticator } from "./level.ts";

/** A token request to come. */
export interface Step {
  /** The API's error code. */
  readonly reason: "insufficient_scope" | "insufficient_claims";
  /** All scopes that are requested, where they are known: those in use and those of the challenge. */
  readonly scopes: readonly string[] | undefined;
  /** All claims that are requested, if there are any. */
  readonly claims: ClaimsRequest | undefined;
}

/** Options of {@linkcode stepUp}. */
export interface StepUpOptions {
  /**
   * How many different tokens are requested in an hour. A challenge beyond is the caller's, as all are with 0.
   * @default {10}
   */
  maxSteps?: number | undefined;
  /**
   * Called before each of them. `false` forbids it, and the response is the caller's: the API chooses what it asks for, and
   * the authorization server what it grants.
   */
  onStep?: ((step: Step) => boolean | void) | undefined;
  /** Claims that are always requested, such as Entra ID's `{ access_token: { xms_cc: { values: ["cp1"] } } }`. */
  claims?: ClaimsRequest | undefined;
  /** Origins besides that of `endpoint` whose challenges count. Default: the authenticator's own. */
  allowedOrigins?: readonly (string | URL)[] | undefined;
  /** How much of a `Request`'s body is kept for a replay, in bytes. Default: 1,048,576. */
  maxReplayBody?: number | undefined;
}

/** How long it is remembered what was requested, in milliseconds: by then more may be granted. */
const period = 3_600_000;
/** The longest list of scopes and claims, in characters: the API chooses them, and each token request repeats them. */
const longest = 16_384;

/**
 * Makes a `fetch` that requests another token, once, when the API answers that this one isn't enough, and replays the call.
 *
 * - Scopes and claims are remembered: later calls have the new token at once. Until it is issued they go on with the old.
 * - The caller gets the API's response if the new token isn't issued or isn't enough either, if the body can't be sent again
 *   (a stream in `init`), and if the call carried no token of the authenticator's.
 * - However many callers there are, the same scopes or claims are requested once. Those that the server refuses are
 *   requested again after an hour.
 * - Everything else is as with `authenticator.fetch`. A 401 with claims is met by a refresh first, unless `isRejected` says
 *   that it rejects no token.
 *
 * Where scopes come from the config store and the server doesn't say which it granted, those of the challenge alone are
 * requested: pass `scopes` to the authenticator.
 *
 * @example
 * ```ts
 * import { ClientCredentialsAuthenticator } from "@m2m/authenticator";
 * import { stepUp } from "@m2m/authenticator/scope-step-up";
 * import { testServers } from "@m2m/authenticator/testing";
 *
 * const kit = testServers({
 *   answer: (_, token) =>
 *     token.scopes.includes("files:write") ? Response.json("written") : new Response(null, {
 *       status: 403,
 *       headers: { "www-authenticate": 'Bearer error="insufficient_scope", scope="files:write"' },
 *     }),
 * });
 * const authenticator = new ClientCredentialsAuthenticator({ ...kit.options, scopes: ["files:read"] });
 * const fetch = stepUp(authenticator, { onStep: ({ scopes }) => console.log(scopes) });
 * const response = await fetch("/v1/files", { method: "POST", body: "text" }); // [ "files:read", "files:write" ]
 * console.log(await response.json()); // written
 * ```
 *
 * @example Claims challenges of Entra ID, whose 401 no refresh would help
 * ```ts
 * import { ClientCredentialsAuthenticator, StaticClientConfigStore } from "@m2m/authenticator";
 * import { stepUp } from "@m2m/authenticator/scope-step-up";
 *
 * const authenticator = new ClientCredentialsAuthenticator({
 *   endpoint: "https://api.example.com",
 *   clientId: "my-client",
 *   clientSecret: "my-secret",
 *   configStore: new StaticClientConfigStore({
 *     tokenEndpoint: "https://auth.example.com/oauth/token",
 *     scopes: ["api:read"],
 *     audience: "https://api.example.com",
 *   }),
 *   isRejected: ({ status, headers }) =>
 *     status === 401 && !headers.get("www-authenticate")?.includes('error="insufficient_claims"'),
 * });
 * const fetch = stepUp(authenticator, { claims: { access_token: { xms_cc: { values: ["cp1"] } } } });
 * const response = await fetch("/v1/projects");
 * console.log(response.status, await response.json());
 * ```
 *
 * @param authenticator Gets the tokens; its `endpoint` is the API.
 * @param options What is permitted.
 * @returns A function in the shape of `fetch`, for SDKs that take one.
 * @throws {TypeError} If an option can't be used.
 * @throws {RangeError} If a number is out of range.
 */
export function stepUp(authenticator: StepUpAuthenticator, options: StepUpOptions = {}): Fetch {
  const { maxSteps = 10, onStep, claims, maxReplayBody = defaultMaxReplayBody } = options;
  checkNumber("maxSteps", maxSteps, 0);
  checkNumber("maxReplayBody", maxReplayBody, 0);
  checkFunction("onStep", onStep);
  if (claims !== undefined && !isRecord(claims)) throwInvalid("claims", "an object (OpenID Connect Core §5.5)", claims);
  const { endpoint, scopes, allowedOrigins: own } = authenticator.explain();
  const { allowedOrigins = own } = options;
  const origins = [checkUrl("endpoint", endpoint).origin, ...checkOrigins(allowedOrigins) ?? []];

  /** What calls are sent with: at first what the authenticator asks for. */
  const base = derive(authenticator, newLevel(scopes, claims));
  let current = base;
  /** What was requested, and whether it may be. */
  let steps = new Map<string, boolean>();
  let startedAt = systemClock.monotonic();

  /** Finds what meets the demand of a response, if that is new to the call, and permitted. */
  function findNext(sent: Source, response: Response): Source | undefined {
    const demand = readDemand(response);
    if (!demand) return undefined;
    const inUse = current.scopes ?? parseScopes(current.authenticator.credentials?.scope) ?? [];
    const next = demand.reason === "insufficient_scope"
      ? newLevel([...new Set([...inUse, ...demand.scopes])], current.claims)
      : newLevel(current.scopes, mergeClaims(current.claims ?? {}, demand.claims));
    if (next.key === sent.key || next.key.length > longest) return undefined;
    if (next.key === current.key) return current;
    return isPermitted(next, demand.reason) ? derive(authenticator, next) : undefined;
  }

  function isPermitted({ key, scopes, claims }: Level, reason: Step["reason"]): boolean {
    if (systemClock.monotonic() - startedAt > period) {
      steps = new Map();
      startedAt = systemClock.monotonic();
    }
    const known = steps.get(key);
    if (known !== undefined) return known;
    if (steps.size >= maxSteps) return false;
    const answer: unknown = onStep?.({ reason, scopes, claims });
    const isAllowed = answer === undefined || answer === true;
    steps.set(key, isAllowed);
    return isAllowed;
  }

  /** Has a token issued, and later calls sent with it. */
  async function adopt(next: Source, signal: AbortSignal | undefined): Promise<boolean> {
    const before = current;
    try {
      await next.authenticator.getCredentials({ signal });
    } catch (error) {
      signal?.throwIfAborted();
      // Other failures pass: the authenticator itself limits how often it asks.
      if ((error as Partial<AuthenticationError>).retryable === false) steps.set(next.key, false);
      return false;
    }
    // Another one may have been adopted meanwhile: none is lost.
    if (before === current || includes(next, current)) current = next;
    return true;
  }

  /** Sends a call. Where what was granted before isn't any more, it is sent with what the authenticator asks for. */
  async function send(sent: Source, makeCall: () => Parameters<Fetch>): Promise<Response> {
    if (sent.key !== base.key) {
      try {
        await sent.authenticator.getCredentials({ signal: makeCall()[1]?.signal ?? undefined });
      } catch (error) {
        if (!(error instanceof AuthenticationError) || error.retryable) throw error;
        steps.set(sent.key, false);
        if (current === sent) current = base;
        return await base.authenticator.fetch(...makeCall());
      }
    }
    return await sent.authenticator.fetch(...makeCall());
  }

  async function replay(response: Response, call: ApiCall, input: string | URL | Request, sent: Source) {
    const { href, request, init, signal = undefined } = call;
    if (!origins.includes(new URL(response.url || href).origin) || !readDemand(response)) return response;
    const options = { signal: signal ?? undefined };
    const next = await hasToken(sent.authenticator, call, options) && findNext(sent, response);
    if (!next) return response;
    const adopting = adopt(next, options.signal);
    adopting.catch(() => {});
    const body = await replayBody(call);
    if (body === undefined || !await adopting) return response;
    await discardBody(response);
    return await next.authenticator.fetch(request ?? input, { ...init, body });
  }

  return async (input, given) => {
    const call = readCall(isRequest(input) ? input : parseTarget(String(input), endpoint), given);
    // An iterator can be read once.
    if (call.init.headers) call.init.headers = call.headers;
    const kept = keepBody(call.request, call.init, maxReplayBody);
    const sent = current;
    try {
      const response = await send(sent, () => [kept?.request ?? call.request ?? input, call.init]);
      return response.ok ? response : await replay(response, { ...call, kept }, input, sent);
    } finally {
      if (kept) cancel(kept.reader);
    }
  };
}
