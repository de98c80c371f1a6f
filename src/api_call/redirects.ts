/**
 * Follows an API's redirects without carrying the credential to another origin.
 *
 * Runtimes take `authorization` off when a redirect leaves the origin, old workerd not even that, and no runtime takes
 * off a header of another name. So redirects are followed here.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { ApiRequest, Place } from "./replayable_request.ts";
import type { Fetch } from "../http/fetch.ts";

/** As many as browsers follow (Fetch standard §4.4). */
const maxRedirects = 20;

/** A response, and where it comes from. */
export interface Followed {
  response: Response;
  /** Whether it comes from an origin the credential is for. */
  isHome: boolean;
  /** Whether the request may be sent once more: not where a body has arrived, or is gone. */
  isRepeatable: boolean;
}

/**
 * Sends a request and follows where it is redirected to; `headers` holds the credential, under `headerKey`, which
 * `origins` may have.
 */
export async function followRedirects(
  request: ApiRequest,
  fetch: Fetch,
  headers: HeadersInit,
  headerKey: string,
  origins: readonly string[],
): Promise<Followed> {
  const isFollowed = request.redirect === "follow";
  const redirect = isFollowed ? "manual" : request.redirect;
  let isRepeatable = request.isReplayable;
  let place: URL | undefined;
  /** What becomes of the request once its body is dropped. */
  let asGet: { method: string; body: null } | undefined;
  let isHome = true;
  for (let count = 0;; count++) {
    let response = await request.send(fetch, asGet ? { ...asGet, headers, redirect } : { headers, redirect }, place);
    if (isFollowed && response.type === "opaqueredirect") {
      response = await followBlindly(request, fetch, headers, headerKey);
      isHome = origins.includes(new URL(response.url || request.href).origin);
    }
    const { status } = response;
    const here: Place = place ?? request;
    const next = isFollowed ? target(response, here.href) : undefined;
    if (next === undefined) return { response, isHome, isRepeatable };
    const { method } = asGet ?? request;
    const toGet = status === 303 ? !/^(GET|HEAD)$/.test(method) : status < 303 && method === "POST";
    // A stream can't be sent a second time: the caller gets the redirect itself.
    if (!toGet && !asGet && !request.isReplayable) return { response, isHome, isRepeatable };
    void response.body?.cancel().catch(() => {});
    if (count === maxRedirects) throw new TypeError(`Cannot follow more than ${maxRedirects} redirects.`);
    const kept = new Headers(headers);
    if (toGet) {
      asGet = { method: "GET", body: null };
      // The redirect came for a body that was taken: an order is placed once.
      isRepeatable = false;
      for (const name of [...kept.keys()]) if (name.startsWith("content-")) kept.delete(name);
    }
    if (next.origin !== here.origin && !(isHome && origins.includes(next.origin))) {
      // For good: a redirect back must not bring the credential along for a stranger's request.
      isHome = false;
      for (const name of [headerKey, "authorization", "proxy-authorization", "cookie"]) kept.delete(name);
    }
    headers = kept;
    place = next;
  }
}

function target(response: Response, base: string): URL | undefined {
  // The status first: runtimes make a response's headers when they are looked at, and hardly any answer redirects.
  const location = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get("location") : null;
  const next = location !== null && URL.canParse(location, base) ? new URL(location, base) : undefined;
  return /^https?:$/.test(next?.protocol ?? "") ? next : undefined;
}

/**
 * Browsers don't show where a redirect leads. They do take `authorization` off when it leaves the origin, and no other
 * header; and what isn't safe to send twice isn't.
 */
async function followBlindly(
  request: ApiRequest,
  fetch: Fetch,
  headers: HeadersInit,
  headerKey: string,
): Promise<Response> {
  if (headerKey === "authorization" && /^(GET|HEAD)$/.test(request.method)) {
    return await request.send(fetch, { headers, redirect: "follow" });
  }
  throw new AuthenticationError(
    "redirect_refused",
    `Cannot follow the redirect of ${request.origin}${new URL(request.href).pathname}: ` +
      'browsers hide where it leads. Call that URL itself, or set redirect: "manual".',
  );
}
