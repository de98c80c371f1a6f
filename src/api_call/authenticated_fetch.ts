/**
 * A `fetch` that carries a token to the API, and replays a call whose token was rejected.
 *
 * @module
 */

import { type AuthenticatorEventListener, callQuietly, type OmissionReason } from "../events.ts";
import { type Fetch, globalFetch } from "../http/fetch.ts";
import type { IssuedToken } from "../refresh/issued_token.ts";
import type { Tokens } from "../refresh/tokens.ts";
import { cancel } from "../http/body.ts";
import { copyBody } from "./bodies.ts";
import { parseTarget, readInit } from "./call_input.ts";
import { endOnAbort, refuseRedirects, spareRedirects } from "./complete_fetch.ts";
import { addHeaders, type CallerHeader, hasHeader, readHeaders } from "./headers.ts";
import { followRedirects } from "./redirects.ts";
import { rejectsToken } from "./rejection.ts";
import { replayRejected } from "./replay.ts";
import { type ApiCall, defaultMaxReplayBody, isRequest, keepBody } from "./replayable_request.ts";

/** What the call needs of DPoP (RFC 9449). */
export interface ApiProofs {
  /**
   * Adds a proof to each request of a `fetch` that carries a token of this kind.
   *
   * @param fetch What sends the requests.
   * @param headerKey The header that carries the token, in lower case. Default: `authorization`.
   * @param onEvent Receives the event `clock_corrected`.
   * @returns What sends them with a proof.
   */
  apiFetch(fetch: Fetch, headerKey?: string, onEvent?: AuthenticatorEventListener): Fetch;
  /**
   * Tells whether an answer rejects the proof, and not the token. It doesn't where `apiFetch` sent no such token.
   *
   * @param response An answer of the API's, as `apiFetch` gave it.
   * @returns Whether the same token will do, with another proof.
   */
  isAboutProof(response: Response): boolean;
}

/** Options of {@linkcode authenticatedFetch}. */
export interface AuthenticatedFetchOptions {
  /**
   * The API; its origin gets the token. Inputs resolve against it as links do: end it in a slash for a path to count, and
   * start the inputs without one.
   */
  endpoint: string | URL;
  /** Sends the requests. Default: the global `fetch`. */
  fetch?: Fetch | undefined;
  /** The header that carries the token, where it is known before the first token. Then the token names it. */
  headerKey?: string | undefined;
  /**
   * Which header is sent where the caller has set the token's header itself: the caller's (`keep`), or the token
   * (`replace`).
   *
   * @default {"keep"}
   */
  callerHeader?: CallerHeader | undefined;
  /** Origins besides the endpoint's that may have the token. */
  allowedOrigins?: readonly string[] | undefined;
  /** Adds proofs of possession. */
  dpop?: ApiProofs | undefined;
  /**
   * Whether the API rejects the token by this response. To read the body, read that of a clone.
   *
   * @default {401, and 403 whose challenge says `invalid_token`}
   */
  isRejected?: ((response: Response) => boolean | Promise<boolean>) | undefined;
  /**
   * How much of a `Request`'s body is kept for a replay, in bytes. A call with a larger one isn't replayed.
   *
   * @default {1_048_576}
   */
  maxReplayBody?: number | undefined;
  /** Receives the events `endpoint_path_ignored`, `token_omitted` and `clock_corrected`. Default: none. */
  onEvent?: AuthenticatorEventListener | undefined;
}

/** A path needs no parsing: it can't leave the origin, and `fetch` parses it anyway. */
const path = /^\/(?![/\\\t\n\r])/;

/**
 * Makes a `fetch` that carries a token to the API.
 *
 * @example
 * ```ts
 * import { authenticatedFetch, Credentials, refreshing } from "@m2m/authenticator";
 *
 * const tokens = refreshing(() => Promise.resolve({ credentials: new Credentials({ accessToken: "a-token" }) }));
 * const fetchWithToken = authenticatedFetch(tokens, { endpoint: "https://api.example.com" });
 * console.log(typeof fetchWithToken); // function
 * ```
 *
 * @param tokens Where the tokens come from.
 * @param options The API, and what sends the requests.
 * @returns A function in the shape of `fetch`.
 */
export function authenticatedFetch(tokens: Tokens, options: AuthenticatedFetchOptions): Fetch {
  const { dpop, isRejected, maxReplayBody = defaultMaxReplayBody, allowedOrigins = [], onEvent } = options;
  const isReplacing = options.callerHeader === "replace";
  const fetch = options.fetch ? endOnAbort(options.fetch) : globalFetch;
  const base = parseTarget(String(options.endpoint)).href;
  const origins = [base, ...allowedOrigins].map((url) => new URL(url).origin);
  const home = origins[0]!;
  /** The path that inputs are expected below, until one isn't. */
  let basePath = onEvent && base.replace(/[?#].*/, "");
  const firstKey = options.headerKey?.toLowerCase() ?? "";
  let provenKey = "";
  let proving = fetch;
  const omit = (reason: OmissionReason) => void (onEvent && callQuietly(onEvent, { type: "token_omitted", reason }));
  const api = {
    tokens,
    omit,
    chooseFetch(headerKey: string): Fetch {
      // Made once for a header: its name hardly ever changes.
      if (dpop && headerKey !== provenKey) {
        proving = dpop.apiFetch(fetch, headerKey, onEvent);
        provenKey = headerKey;
      }
      return proving;
    },
    // Another token is no help where the proof is rejected.
    isRejected: (response: Response) => !dpop?.isAboutProof(response) && (isRejected ?? rejectsToken)(response),
  };

  // One flat function, for nearly all calls end at its first response.
  return async (input, init) => {
    let request = isRequest(input) ? input : undefined;
    const text = request?.url ?? String(input);
    let href = text;
    let isHome = true;
    if (path.test(text)) href = home + text;
    else if (!text.startsWith(`${home}/`)) {
      const url = parseTarget(text, base);
      href = url.href;
      // A "blob:" URL has the origin of the page that made it, and is none of the API's.
      isHome = /^https?:$/.test(url.protocol) && origins.includes(url.origin);
    }
    // `fetch(url, request)` is the way workers forward a request. A request's own URL may have had a user and password.
    const source = isRequest(init) ? init : href === text ? undefined : request;
    if (source) request = new Request(href, source);
    const sent: RequestInit = init && init !== source ? readInit(init) : {};
    if (!isHome) {
      omit("other_origin");
      return await (sent.redirect === "error" ? refuseRedirects(fetch) : fetch)(request ?? href, sent);
    }
    if (basePath && !href.startsWith(basePath) && !/^\w+:/.test(text)) {
      basePath = "";
      callQuietly(onEvent!, { type: "endpoint_path_ignored" });
    }
    const signal = sent.signal === undefined ? request?.signal : sent.signal;
    let kept: ApiCall["kept"];
    try {
      signal?.throwIfAborted();
      // A text, even where the caller gives an object: a runtime must not follow by itself.
      const redirect = `${sent.redirect ?? request?.redirect ?? "follow"}` as RequestRedirect;
      sent.redirect = redirect === "follow" || redirect === "error" ? "manual" : redirect;
      // As `fetch` does: what becomes of the caller's objects while the call is under way doesn't count.
      if (sent.body) sent.body = copyBody(sent.body);
      const given = sent.headers ?? request?.headers;
      let own = given && readHeaders(given);
      // Before the first token, it may be the settings' to say which header it is.
      let headerKey = tokens.last?.headerKey ?? firstKey;
      let token: IssuedToken | undefined;
      if (isReplacing || !own || !hasHeader(own, headerKey)) {
        token = tokens.fresh();
        if (!token) {
          own &&= addHeaders(own);
          token = await tokens.get(signal);
        }
        if (token.headerKey !== headerKey) {
          headerKey = token.headerKey;
          if (!isReplacing && own && hasHeader(own, headerKey)) token = undefined;
        }
      }
      if (!token) omit("caller_header");
      // In a record, the same name in other letters would be a second header.
      else if (isReplacing && own && hasHeader(own, headerKey)) own = new Headers(own);
      const headers = own ? addHeaders(own, token?.headers) : token!.headers;
      sent.headers = headers;
      if (request) kept = keepBody(request, sent, maxReplayBody);
      let send = dpop && token ? api.chooseFetch(token.headerKey) : fetch;
      if (sent.integrity ?? request?.integrity) send = spareRedirects(send);
      const response = await send(kept?.request ?? request ?? href, sent);
      if (response.ok && !isRejected && !tokens.isWary) return response;
      const call = { href, request, init: sent, headers, redirect, signal, kept, headerKey, origins, fetch: send };
      return token
        ? await replayRejected(response, call, token, api)
        : (await followRedirects(response, call)).response;
    } catch (error) {
      // The very reason: workerd's fetch throws a copy.
      signal?.throwIfAborted();
      throw error;
    } finally {
      if (kept) cancel(kept.reader);
    }
  };
}
