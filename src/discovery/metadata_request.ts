/**
 * Asks an authorization server for what it publishes of itself (RFC 8414 §3, OpenID Connect Discovery 1.0 §4).
 *
 * @module
 */

import { withDeadline } from "../refresh/deadlines.ts";
import {
  type AuthorizationServerMetadata,
  judgeMetadata,
  type MetadataContext,
} from "./authorization_server_metadata.ts";
import type { Search } from "./cached_lookup.ts";
import {
  type Answer,
  type DocumentAdvice,
  isFull,
  missed,
  type PlacedMiss,
  requestDocument,
  tooLate,
} from "./published_document.ts";

/** What is asked for, and how. All of it has been checked. */
export interface MetadataRequest extends MetadataContext, Search {}

const advice: DocumentAdvice = {
  check: "Check the issuer.",
  absent: "Check the issuer; if it publishes no metadata, name the token endpoint yourself (StaticClientConfigStore).",
  redirect: "write the issuer that the server itself names.",
  page: "Check the issuer: it may be the address of a console, or of a login page.",
};

/**
 * The metadata of an issuer, from the first place that has it. Whatever a place answers, the next one is asked: many
 * servers say anything but 404 under a path they don't know. What can't be reached ends the search, for all places are
 * on one server; so does 429 with a `Retry-After`.
 */
export async function requestMetadata(request: MetadataRequest): Promise<AuthorizationServerMetadata> {
  const { issuer, timeout, signal } = request;
  const what = `the metadata of ${issuer}`;
  return await withDeadline({ timeout, error: () => tooLate(what, timeout), signal }, async (signal) => {
    const misses: PlacedMiss[] = [];
    for (const url of wellKnownUrls(issuer)) {
      const answer = await ask(url, request, signal);
      if ("ok" in answer) return answer.ok;
      misses.push({ ...answer.miss, place: new URL(url).pathname });
      if (isFull(answer.miss)) break;
    }
    throw missed(what, misses);
  });
}

/**
 * Where an issuer's metadata may be, in the order in which they are asked: as RFC 8414 §3.1 has it, as its §5 has it
 * for OpenID Connect, and, where the issuer has a path, as OpenID Connect Discovery 1.0 §4.1 has it.
 */
function wellKnownUrls(issuer: string): string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, "");
  return [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    ...path ? [`${origin}${path}/.well-known/openid-configuration`] : [],
  ];
}

async function ask(
  url: string,
  request: MetadataRequest,
  signal: AbortSignal,
): Promise<Answer<AuthorizationServerMetadata>> {
  const { issuer, fetch, clock } = request;
  const asked = { fetch, what: `the metadata of ${issuer}`, server: issuer, advice, now: () => clock.wall() };
  const answer = await requestDocument(url, asked, { signal });
  return "ok" in answer ? judgeMetadata(answer.ok, request) : answer;
}
