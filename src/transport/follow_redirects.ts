/**
 * Follows an API's redirects without carrying the credential to another origin.
 *
 * Runtimes take `authorization` off when a redirect leaves the origin, old workerd not even that, and no runtime takes
 * off a header of another name. So redirects are followed here.
 *
 * @module
 */

import { AuthenticationError } from "../errors.ts";
import type { ApiRequest } from "./api_request.ts";
import type { Fetch } from "./fetch.ts";

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
  const { redirect } = request;
  let isRepeatable = request.isReplayable;
  if (redirect !== "follow") {
    return { response: await request.send(fetch, { headers, redirect }), isHome: true, isRepeatable };
  }
  let place: URL | undefined;
  let method = request.method;
  let isBodyDropped = false;
  let isHome = true;
  for (let count = 0;; count++) {
    const init = { headers, redirect: "manual" } as const;
    const response = isBodyDropped && place
      ? await request.sendWithoutBody(fetch, { ...init, method }, place)
      : await request.send(fetch, init, place);
    const { status } = response;
    if (response.type === "opaqueredirect") {
      const response = await followBlindly(request, fetch, headers, headerKey);
      return { response, isHome: origins.includes(new URL(response.url || request.href).origin), isRepeatable };
    }
    if (!isRedirect(status)) return { response, isHome, isRepeatable };
    const here: URL = place ?? new URL(request.href);
    const next = target(response, here);
    if (next === undefined) return { response, isHome, isRepeatable };
    const toGet = status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST";
    // A stream can't be sent a second time: the caller gets the redirect itself.
    if (!toGet && !isBodyDropped && !request.isReplayable) return { response, isHome, isRepeatable };
    void response.body?.cancel().catch(() => {});
    if (count === maxRedirects) throw new TypeError(`Cannot follow more than ${maxRedirects} redirects.`);
    const dropped: string[] = [];
    if (toGet) {
      method = "GET";
      isBodyDropped = true;
      // The redirect came for a body that was taken: an order is placed once.
      isRepeatable = false;
      dropped.push("content-encoding", "content-language", "content-location", "content-type", "content-length");
    }
    if (next.origin !== here.origin && !(isHome && origins.includes(next.origin))) {
      // For good: a redirect back must not bring the credential along for a stranger's request.
      isHome = false;
      dropped.push(headerKey, "authorization", "proxy-authorization", "cookie");
    }
    headers = without(headers, dropped);
    place = next;
  }
}

function without(headers: HeadersInit, names: readonly string[]): Headers {
  const kept = new Headers(headers);
  for (const name of names) kept.delete(name);
  return kept;
}

function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

function target(response: Response, url: URL): URL | undefined {
  const location = response.headers.get("location");
  if (location === null || !URL.canParse(location, url)) return undefined;
  const next = new URL(location, url);
  return next.protocol === "https:" || next.protocol === "http:" ? next : undefined;
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
  const isSafe = request.method === "GET" || request.method === "HEAD";
  if (headerKey === "authorization" && isSafe) {
    return await request.send(fetch, { headers, redirect: "follow" });
  }
  throw new AuthenticationError(
    "redirect_refused",
    `Cannot follow the redirect of ${request.origin}${new URL(request.href).pathname}: ` +
      'browsers hide where it leads. Call that URL itself, or set redirect: "manual".',
  );
}
