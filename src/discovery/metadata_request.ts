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
    const misses: PlacedMiss[] = [];
    for (const url of listMetadataUrls(issuer)) {
      if (url.endsWith("/") && misses.some(({ retryable }) => retryable)) break;
      const answer = await requestDocument(url, about, { signal });
      const parsed = "ok" in answer ? parseAuthorizationServerMetadata(answer.ok, request) : answer;
      if ("ok" in parsed) return parsed.ok;
      misses.push({ ...parsed.miss, place: new URL(url).pathname });
      if (isRateLimited(parsed.miss)) break;
    }
    throw createLookupError(what, misses);
  });
}

/**
 * Lists where an issuer's metadata may be, in order: RFC 8414 §3.1, then its §5 for OpenID Connect, then, where the
 * issuer has a path, OpenID Connect Discovery 1.0 §4.1. Some servers want a slash at the end.
 */
function listMetadataUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    ...path ? [`${origin}${path}/.well-known/openid-configuration`] : [],
  ];
  return [...urls, ...urls.map((url) => `${url}/`)];
}
