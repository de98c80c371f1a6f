/**
 * Requests authorization server metadata (RFC 8414 §3, OpenID Connect Discovery 1.0 §4).
 *
 * @module
 */

import { withDeadline } from "../refresh/deadlines.ts";
import {
  type AuthorizationServerMetadata,
  type MetadataContext,
  parseAuthorizationServerMetadata,
} from "./authorization_server_metadata.ts";
import type { Search } from "./cached_lookup.ts";
import {
  createLookupError,
  createTimeoutError,
  type DocumentAdvice,
  isRateLimited,
  type PlacedMiss,
  requestDocument,
} from "./published_document.ts";

/** Which issuer is asked, and how; already checked. */
export interface MetadataRequest extends MetadataContext, Search {}

const advice: DocumentAdvice = {
  check: "Check the issuer.",
  absent: "Check the issuer; if it publishes no metadata, configure the token endpoint yourself " +
    "(StaticClientConfigStore).",
  redirect: "use the issuer that the server itself names.",
  page: "Check the issuer: it may be the address of a console, or of a login page.",
};

/**
 * Returns an issuer's metadata from the first location that has it. Any failing answer leads to the next one, for many
 * servers answer an unknown path with something other than 404. A network error ends the search, as all locations are on
 * one server; so does 429 with a `Retry-After`.
 */
export async function requestMetadata(request: MetadataRequest): Promise<AuthorizationServerMetadata> {
  const { issuer, fetch, clock, timeout, signal } = request;
  const what = `the metadata of ${issuer}`;
  const about = { fetch, what, server: issuer, advice, now: () => clock.wall() };
  return await withDeadline({ timeout, error: () => createTimeoutError(what, timeout), signal }, async (signal) => {
    const look = async (url: string) => {
      const answer = await requestDocument(url, about, { signal });
      return "ok" in answer ? parseAuthorizationServerMetadata(answer.ok, request) : answer;
    };
    const urls = listMetadataUrls(issuer);
    const misses: PlacedMiss[] = [];
    for (const url of urls) {
      const answer = await look(url);
      if ("ok" in answer) return answer.ok;
      misses.push({ ...answer.miss, place: new URL(url).pathname });
      if (isRateLimited(answer.miss)) break;
    }
    // Some servers want a slash at the end.
    if (!misses.some(({ retryable }) => retryable)) {
      const answers = await Promise.all(urls.map((url) => look(`${url}/`)));
      for (const answer of answers) if ("ok" in answer) return answer.ok;
    }
    throw createLookupError(what, misses);
  });
}

/**
 * Lists where an issuer's metadata may be, in order: RFC 8414 §3.1, then its §5 for OpenID Connect, then, where the
 * issuer has a path, OpenID Connect Discovery 1.0 §4.1.
 */
export function listMetadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    ...path ? [`${origin}${path}/.well-known/openid-configuration`] : [],
  ];
}
