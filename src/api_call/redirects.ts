/**
 * Follows an API's redirects without carrying the credential to another origin.
 *
 * Runtimes take `authorization` off when a redirect leaves the origin, old workerd not even that, and no runtime takes
 * off a header of another name. So redirects are followed here.
 *
 * @module
 */

import { parseUrl } from "../arguments.ts";
import { AuthenticationError } from "../errors.ts";
import type { Fetch } from "../http/fetch.ts";
import { discardBody } from "./bodies.ts";
import { dropUserInfo, isGetOrHead, readInit } from "./call_input.ts";
import { type ApiCall, replayBody } from "./replayable_request.ts";

/** As many as browsers follow (Fetch standard §4.4). */
const maxRedirects = 20;

/** A request on its way along redirects. */
export interface Hop {
  readonly href: string;
  readonly method: string;
  readonly headers: HeadersInit;
  /** Whether a redirect has dropped method and body: it is a `GET` from there on. */
  readonly isGet: boolean;
  /** Whether it has never left the origins that the credential is for. */
  readonly isHome: boolean;
}

/** What is known of the credential: the header that carries it, in lower case, and the origins it is for. */
export interface CredentialScope {
  readonly headerKey: string;
  readonly origins: readonly string[];
}

/**
 * Decides where a redirect leads, and what is sent there (Fetch standard §4.4).
 *
 * @param response The answer to the last request.
 * @param hop The last request.
 * @param scope Where the credential may go.
 * @returns The next request; `undefined` if the answer doesn't redirect, or to no URL that can be fetched.
 */
export function decideRedirect(
  response: Pick<Response, "status" | "headers">,
  hop: Hop,
  { headerKey, origins }: CredentialScope,
): Hop | undefined {
  // The status first: runtimes make a response's headers when they are looked at, and hardly any answer redirects.
  if (!isRedirect(response)) return undefined;
  const location = response.headers.get("location");
  const target = location === null ? undefined : parseUrl(location, hop.href);
  if (!target || !/^https?:$/.test(target.protocol)) return undefined;
  const { href, origin } = dropUserInfo(target);
  const { status } = response;
  const isGet = status === 303 ? !isGetOrHead(hop.method) : status < 303 && /^POST$/i.test(hop.method);
  // Once it has left, it stays away: a redirect back must not bring the credential along for a stranger's request.
  const isHome = hop.isHome && origins.includes(origin);
  const hasLeft = origin !== new URL(hop.href).origin;
  const headers = new Headers(hop.headers);
  for (const name of [...headers.keys()]) {
    // The caller's own credentials are for the origin that they were sent to; the token is for all of `origins`.
    const isGone = name === headerKey ? !isHome : hasLeft && /^((proxy-)?authorization|cookie)$/.test(name);
    if (isGone || isGet && name.startsWith("content-")) headers.delete(name);
  }
  return { href, method: isGet ? "GET" : hop.method, headers, isGet: hop.isGet || isGet, isHome };
}

/** Tells whether a response redirects, by its status: 0 where a browser hides it. */
export function isRedirect({ status }: Pick<Response, "status">): boolean {
  return [0, 301, 302, 303, 307, 308].includes(status);
}

/** A response, and the request it answers. */
export interface Followed extends Hop {
  readonly response: Response;
}

/** A call that may be redirected: what sends it, and where its credential may go. */
export interface RedirectableCall extends ApiCall, CredentialScope {
  readonly fetch: Fetch;
}

/**
 * Follows redirects from the first response to a call that was sent with `redirect: "manual"`, if the caller wants it.
 *
 * @param first The first response.
 * @param call What it is the response to.
 * @returns The last response: one that doesn't redirect, or that would take a body that is gone.
 * @throws {TypeError} As `fetch` does: after 20 redirects, where one leads nowhere, or the caller wants none.
 * @throws {AuthenticationError} Where a browser hides what can't be followed unseen.
 */
export async function followRedirects(first: Response, call: RedirectableCall): Promise<Followed> {
  const { href, request, init, headers, fetch } = call;
  let hop: Hop = { href, method: init.method ?? request?.method ?? "GET", headers, isGet: false, isHome: true };
  let response = first;
  const isFollowed = call.redirect === "follow";
  for (let count = 0; call.redirect !== "manual" && isRedirect(response); count++) {
    if (isFollowed && response.type === "opaqueredirect") {
      // It is sent again from the start, so it must be safe. Of headers, browsers take `authorization` alone off.
      if (call.headerKey !== "authorization" || !isGetOrHead(hop.method)) {
        throw new AuthenticationError(
          "redirect_refused",
          "Cannot follow the API's redirect: browsers hide where it leads. Call the URL it leads to.",
        );
      }
      response = await fetch(request ?? href, { ...init, headers, redirect: "follow" });
      return { ...hop, response, isHome: call.origins.includes(new URL(response.url || href).origin) };
    }
    const next = isFollowed ? decideRedirect(response, hop, call) : undefined;
    const body = next && !next.isGet ? await replayBody(call) : null;
    // A stream can't be sent a second time: the caller gets the redirect itself.
    if (body === undefined || isFollowed && !next && !response.headers.has("location")) break;
    await discardBody(response);
    if (!next || count === maxRedirects) {
      const reason = !isFollowed ? 'redirect is "error"' : next ? "too many" : "one leads nowhere";
      throw new TypeError(`Cannot follow the API's redirects: ${reason}.`);
    }
    hop = next;
    const ours = { method: hop.method, headers: hop.headers, body };
    response = await fetch(hop.href, { ...request && readInit(request as RequestInit), ...init, ...ours });
  }
  return { ...hop, response };
}
