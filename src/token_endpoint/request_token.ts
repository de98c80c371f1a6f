/**
 * Requests one token: builds the request, sends it, and parses the answer.
 *
 * @module
 */

import type { Clock } from "../clock.ts";
import type { Credentials } from "../credentials.ts";
import type { ProofOfPossession } from "../dpop/proof_of_possession.ts";
import { AuthenticationError } from "../errors.ts";
import { callQuietly, type ClockCorrectedEvent } from "../events.ts";
import type { Fetch } from "../http/fetch.ts";
import { isExposed } from "../http/loopback.ts";
import type { TokenSourceRequest } from "../token_source.ts";
import { formatUrl, sendTokenRequest } from "./exchange.ts";
import type { Grant } from "./grant.ts";
import type { RejectionCache } from "./rejection_cache.ts";
import { buildTokenRequest, type TokenRequestParts } from "./request.ts";
import { isClientRejected, mayConcernClient, parseTokenResponse } from "./response.ts";

/** Options of {@linkcode requestToken}. All of them have been checked. */
export interface RequestTokenOptions extends Omit<TokenRequestParts, "refused" | "isUncertain">, Grant {
  readonly fetch: Fetch;
  /** Makes sender-constrained tokens. */
  readonly dpop?: ProofOfPossession | undefined;
  /** The type of the credentials, whatever the server answers. */
  readonly tokenType?: string | undefined;
  readonly clock: Clock;
  readonly allowInsecureRequests?: boolean | undefined;
  /** Keeps back requests that the server has rejected permanently. Default: all are sent. */
  readonly rejections?: RejectionCache | undefined;
  /** How long, in milliseconds. */
  readonly cooldown?: number | undefined;
  /** Whether the token endpoint has answered before. Default: `false`. */
  readonly hasAnswered?: boolean | undefined;
  /** Whether no caller waits: a rejection is then remembered for other background requests only. Default: `false`. */
  readonly isBackground?: boolean | undefined;
  /** Called just before each request is sent, and with other events. Default: nothing. */
  readonly onRequest?: TokenSourceRequest["onRequest"];
}

/** Requests a token. Throws an `AuthenticationError`, or the signal's reason. */
export async function requestToken(options: RequestTokenOptions): Promise<Credentials> {
  const { tokenEndpoint, clock, dpop, tokenType, rejections, cooldown = 5_000, isBackground } = options;
  const url = formatUrl(tokenEndpoint);
  if (isExposed(tokenEndpoint) && !options.allowInsecureRequests) {
    throw new AuthenticationError(
      "insecure_endpoint",
      `Cannot send a secret to ${url}: the connection is unencrypted. Use "https:", or set allowInsecureRequests.`,
    );
  }
  const fetch = dpop ? dpop.tokenFetch(options.fetch) : options.fetch;
  const tokenTypes = [...dpop?.tokenTypes ?? ["Bearer"], ...options.moreTokenTypes ?? []];
  let request = await buildTokenRequest(options);
  rejections?.throwIfRejected(request, clock.monotonic(), isBackground);
  let uncertain: unknown;
  // Each reason is good for one more attempt.
  for (const tried = new Set<unknown>();;) {
    const requestedAt = clock.wall();
    let again: unknown;
    const repeat = (signer: object, event?: ClockCorrectedEvent) => {
      if (tried.has(signer)) return false;
      again = signer;
      if (event) options.onRequest?.(event);
      return true;
    };
    try {
      options.onRequest?.();
      const response = await sendTokenRequest(request, fetch, options.hasAnswered);
      const context = {
        ...request,
        signers: [request, dpop],
        repeat,
        url,
        requestedAt,
        now: clock.wall(),
        tokenTypes,
        tokenType,
      };
      const credentials = parseTokenResponse(response, context);
      rejections?.forget(request);
      if (request.accepted) callQuietly(request.accepted, undefined);
      return credentials;
    } catch (error) {
      const isClient = !again && mayConcernClient(error);
      // It wasn't the secret: the other one fares no better.
      if (isClient && uncertain) throw uncertain;
      rejections?.remember(request, error, { now: clock.monotonic(), cooldown, isBackground });
      // The server's nonce or clock is known by now (RFC 9449 §8), or the secret was changed while the request was under
      // way. `getToken` sends one request: which secret is right is for its caller to find out.
      const { credential, refused } = request;
      const reason = again || isClient && rejections && credential !== undefined;
      if (!reason || tried.has(reason)) throw error;
      tried.add(reason);
      const isUncertain = isClient && !isClientRejected(error);
      const next = await buildTokenRequest({ ...options, refused: isClient ? credential : refused, isUncertain });
      if (isClient && next.credential === credential) throw error;
      if (isUncertain) uncertain = error;
      request = next;
    }
  }
}
