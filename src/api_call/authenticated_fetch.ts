/**
 * A `fetch` that carries a token to the API, and replays a call whose token was rejected.
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";
import type { IssuedToken } from "../refresh/issued_token.ts";
import type { Tokens } from "../refresh/tokens.ts";
import { discardBody } from "./discard_body.ts";
import { type CredentialScope, type Followed, followRedirects, isRedirect } from "./redirects.ts";
import {
  addHeader,
  type ApiCall,
  copyBody,
  copyHeaders,
  defaultMaxReplayBody,
  hasHeader,
  isRequest,
  keepBody,
  removeHeaders,
  replayBody,
  sendAgain,
  sendsOwnBody,
} from "./replayable_request.ts";

/** What the call needs of DPoP (RFC 9449). */
export interface ApiProofs {
  /**
   * Adds a proof to what a `fetch` sends.
   *
   * @param fetch What sends the requests.
   * @param headerKey The header that carries the token. Default: `authorization`.
   * @returns What sends them with a proof.
   */
  apiFetch(fetch: Fetch, headerKey?: string): Fetch;
  /**
   * Tells whether an answer rejects the proof, and not the token.
   *
   * @param response An answer of the API's.
   * @returns Whether the same token will do, with another proof.
   */
  isAboutProof(response: Response): boolean;
}

/** Options of {@linkcode authenticatedFetch}. */
export interface AuthenticatedFetchOptions {
  /** The API. Inputs resolve against it, and its origin gets the token. */
  endpoint: string | URL;
  /** What sends the requests. */
  fetch: Fetch;
  /** The header that carries the token, where it is known before the first token. Then the token names it. */
  headerKey?: string | undefined;
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
}

/** The options, read once. */
interface Context extends CredentialScope {
  readonly href: string;
  readonly origin: string;
  readonly originSlash: string;
  readonly tokens: Tokens;
  readonly options: AuthenticatedFetchOptions;
}

/**
 * Makes a `fetch` that carries a token to the API.
 *
 * @example
 * ```ts
 * import { authenticatedFetch, Credentials, refreshing } from "@m2m/authenticator";
 *
 * const tokens = refreshing(() => Promise.resolve({ credentials: new Credentials({ accessToken: "a-token" }) }));
 * const fetchWithToken = authenticatedFetch(tokens, { endpoint: "https://api.example.com", fetch });
 * console.log(typeof fetchWithToken); // function
 * ```
 *
 * @param tokens Where the tokens come from.
 * @param options The API, and what sends the requests.
 * @returns A function in the shape of `fetch`.
 */
export function authenticatedFetch(tokens: Tokens, options: AuthenticatedFetchOptions): Fetch {
  const { href, origin } = new URL(options.endpoint);
  const origins = [origin, ...(options.allowedOrigins ?? []).map((url) => new URL(url).origin)];
  const headerKey = options.headerKey?.toLowerCase() ?? "";
  const context: Context = { href, origin, originSlash: `${origin}/`, origins, headerKey, tokens, options };
  return (input, init) => call(context, input, init);
}

/** A predecessor may be fallen back to, and be rejected as well. */
const maxReplays = 2;

/** A path needs no parsing: it can't leave the origin, and `fetch` parses it anyway. */
const path = /^\/(?![/\\\t\n\r])/;

/** One flat function, for nearly all calls end at its first response. */
async function call(
  context: Context,
  input: string | URL | Request,
  given: RequestInit | undefined,
): Promise<Response> {
  const { tokens, options } = context;
  const { fetch } = options;
  let init = given;
  let request = typeof input === "object" && isRequest(input) ? input : undefined;
  const text = typeof input === "string" ? input : request?.url ?? String(input);
  let href = text;
  let isHome = true;
  if (path.test(text)) href = context.origin + text;
  else if (!text.startsWith(context.originSlash)) {
    const url = new URL(text, context.href);
    href = url.href;
    // A "blob:" URL has the origin of the page that made it, and is none of the API's.
    isHome = /^https?:$/.test(url.protocol) && context.origins.includes(url.origin);
  }
  if (init !== undefined && isRequest(init)) {
    // `fetch(url, request)` is the way workers forward a request; a spread would find nothing in it.
    request = new Request(href, init);
    init = undefined;
  }
  if (!isHome) return await fetch(request ?? href, init);
  const signal = init?.signal ?? request?.signal;
  let kept: ApiCall["kept"];
  try {
    signal?.throwIfAborted();
    // As `fetch` does: what becomes of the caller's objects while the call is under way doesn't count.
    if (typeof init?.body === "object" && init.body !== null) init = { ...init, body: copyBody(init.body) };
    let own = init?.headers ?? request?.headers;
    let key = tokens.last?.headerKey ?? context.headerKey;
    let token: IssuedToken | undefined;
    // No key is known before the first token.
    if (own === undefined || key === "" || !hasHeader(own, key)) {
      token = tokens.fresh();
      if (token === undefined) {
        if (own !== undefined) own = copyHeaders(own);
        if (init !== undefined) init = { ...init };
        token = await tokens.get(signal);
      }
      // What header it is may be the settings' to say: before the first token it wasn't known.
      if (token.headerKey !== key && own !== undefined && hasHeader(own, token.headerKey)) {
        key = token.headerKey;
        token = undefined;
      }
    }
    const headers = token === undefined ? own! : own === undefined ? token.headers : addHeader(own, token.headers);
    if (sendsOwnBody(request, init)) kept = keepBody(request, options.maxReplayBody ?? defaultMaxReplayBody);
    const wanted = init?.redirect ?? request?.redirect ?? "follow";
    const redirect = wanted === "follow" ? "manual" : wanted;
    const send = token === undefined || options.dpop === undefined
      ? fetch
      : options.dpop.apiFetch(fetch, token.headerKey);
    const response = await send(
      kept?.request ?? request ?? href,
      init === undefined ? { headers, redirect } : { ...init, headers, redirect },
    );
    if (response.ok && options.isRejected === undefined) return response;
    const sent: ApiCall = { href, request, init, headers, kept };
    if (token !== undefined) return await settle(context, sent, token, response);
    return (await follow(context, sent, key, fetch, response)).response;
  } catch (error) {
    // The very reason: workerd's fetch throws a copy.
    signal?.throwIfAborted();
    throw error;
  } finally {
    kept?.release();
  }
}

/** Follows redirects where the caller wants it. */
async function follow(
  { origins }: Context,
  sent: ApiCall,
  headerKey: string,
  fetch: Fetch,
  response: Response,
): Promise<Followed> {
  const wanted = sent.init?.redirect ?? sent.request?.redirect ?? "follow";
  if (wanted !== "follow" || !isRedirect(response.status) && response.type !== "opaqueredirect") {
    return { response, isHome: true, isRepeatable: true };
  }
  return await followRedirects(response, sent, { fetch, headerKey, origins });
}

/** Follows redirects, and replays the call while its token is rejected and another one may help. */
async function settle(context: Context, sent: ApiCall, issued: IssuedToken, response: Response): Promise<Response> {
  const { tokens, options } = context;
  const signal = sent.init?.signal ?? sent.request?.signal;
  let token = issued;
  let last = await follow(context, sent, token.headerKey, withProofs(options, token), response);
  let rejected = await isRejected(options, last);
  for (let replays = 0; rejected; replays++) {
    const route = toRoute(sent.href);
    // Later calls are to have another token, whether or not this one can be replayed, and however long its body takes.
    const replacing = tokens.replace(token, { route, replays, signal });
    replacing.catch(() => {});
    const body = last.isRepeatable && replays < maxReplays ? await replayBody(sent) : undefined;
    if (body === undefined) break;
    const next = await replacing;
    if (next === undefined) break;
    await discardBody(last.response);
    // From the first call's headers, which hold the first token.
    last = await replay(context, sent, issued, next, body);
    token = next;
    rejected = await isRejected(options, last);
    tokens.replayed(last.response.status, !rejected, route);
  }
  return last.response;
}

/** Names where a call goes, without the query and the identifiers in the path: numbers, and long words with digits. */
function toRoute(href: string): string {
  const { origin, pathname } = new URL(href);
  return origin + pathname.replace(/\/(?:\d+|(?=[^/]*\d)[^/]{8,})(?=\/|$)/g, "/0");
}

/** Replays a call with another token, in place of the one that its headers hold. */
async function replay(
  context: Context,
  call: ApiCall,
  held: IssuedToken,
  token: IssuedToken,
  body: BodyInit | null,
): Promise<Followed> {
  const { headerKey } = token;
  const isSameHeader = headerKey === held.headerKey;
  const own = isSameHeader ? call.headers : removeHeaders(call.headers, (name) => name === held.headerKey);
  const headers = addHeader(own, token.headers);
  const send = withProofs(context.options, token);
  const wanted = call.init?.redirect ?? call.request?.redirect ?? "follow";
  const response = await sendAgain(
    send,
    call,
    { headers, redirect: wanted === "follow" ? "manual" : wanted },
    body,
  );
  return await follow(context, { ...call, headers }, headerKey, send, response);
}

function withProofs({ fetch, dpop }: AuthenticatedFetchOptions, { headerKey }: IssuedToken): Fetch {
  return dpop === undefined ? fetch : dpop.apiFetch(fetch, headerKey);
}

/** Whether the API itself rejects the token, and not the proof that goes with it. */
async function isRejected(
  { dpop, isRejected = rejectsToken }: AuthenticatedFetchOptions,
  { response, isHome }: Followed,
): Promise<boolean> {
  return isHome && !dpop?.isAboutProof(response) && await isRejected(response);
}

/** Whether a response rejects the token: by 401, or by the error code that is for it (RFC 6750 §3.1). */
export function rejectsToken({ status, headers }: Pick<Response, "status" | "headers">): boolean {
  if (status !== 403) return status === 401;
  const header = headers.get("www-authenticate");
  if (header === null || !header.includes("invalid_token")) return false;
  // Nothing within other quotation marks counts. Each match goes on to the closing mark or the end: time stays linear.
  const plain = header.replace(
    /"(?:[^"\\]|\\[^]?)*("|$)/g,
    (text) => text === '"invalid_token"' ? "invalid_token" : '""',
  );
  return /(?:^|[\s,])error\s*=\s*invalid_token(?:[\s,]|$)/i.test(plain);
}
