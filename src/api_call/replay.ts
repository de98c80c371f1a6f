/**
 * Replays calls whose token was rejected.
 *
 * @module
 */

import type { Fetch } from "../http/fetch.ts";
import type { IssuedToken } from "../refresh/issued_token.ts";
import type { Tokens } from "../refresh/tokens.ts";
import { discardBody } from "./bodies.ts";
import { addHeaders } from "./headers.ts";
import { followRedirects, type RedirectableCall } from "./redirects.ts";
import { replayBody } from "./replayable_request.ts";

/** The API, and the tokens for it. */
export interface Api {
  readonly tokens: Tokens;
  /** Reports that a request was sent without the token. */
  omit(reason: "redirect"): void;
  /** Gives what sends a token in this header. */
  chooseFetch(headerKey: string): Fetch;
  /** Tells whether a response rejects the token. */
  isRejected(response: Response): boolean | Promise<boolean>;
}

/** A predecessor may be fallen back to, and be rejected as well. */
const maxReplays = 2;

/**
 * Follows redirects, and replays the call while its token is rejected and another one may help.
 *
 * @param first The first response.
 * @param sent The call it is the response to.
 * @param issued The token that was sent.
 * @param api The API, and the tokens for it.
 * @returns The last response.
 */
export async function replayRejected(
  first: Response,
  sent: RedirectableCall,
  issued: IssuedToken,
  { tokens, omit, chooseFetch, isRejected }: Api,
): Promise<Response> {
  const { href, request, init, signal } = sent;
  let call = sent;
  let token = issued;
  let response = first;
  for (let replays = 0;; replays++) {
    const last = await followRedirects(response, call);
    if (!last.isHome) omit("redirect");
    const rejected = last.isHome && await isRejected(last.response);
    if (replays > 0) tokens.replayed(last.response.status);
    if (!rejected) {
      if (last.isHome && tokens.isWary) tokens.accepted(token, href);
      return last.response;
    }
    // Later calls are to have another token, whether or not this one can be replayed, and however long its body takes.
    const replacing = tokens.replace(token, { url: href, replays, signal });
    replacing.catch(() => {});
    const body = !last.isGet && replays < maxReplays ? await replayBody(sent) : undefined;
    const next = body === undefined ? undefined : await replacing;
    if (body === undefined || !next) return last.response;
    await discardBody(last.response);
    // From the first call's headers, which hold the first token.
    let { headers } = sent;
    const { headerKey } = next;
    if (headerKey !== issued.headerKey) (headers = new Headers(headers)).delete(issued.headerKey);
    headers = addHeaders(headers, next.headers);
    const fetch = chooseFetch(headerKey);
    call = { ...sent, headers, headerKey, fetch };
    token = next;
    response = await fetch(request ?? href, { ...init, headers, body });
  }
}
