/**
 * Requests a Flyte platform's settings.
 *
 * @module
 */

import { withDeadline } from "../refresh/deadlines.ts";
import type { Search } from "../discovery/cached_lookup.ts";
import type { ClientConfig } from "../config_store/client_config_store.ts";
import {
  type FlyteClient,
  type FlyteContext,
  type FlyteMetadata,
  parseFlyteClient,
  parseFlyteMetadata,
} from "./document.ts";
import type { Overrides } from "../config_store/overrides.ts";
import {
  type Answer,
  createLookupError,
  createTimeoutError,
  type Document,
  type DocumentAdvice,
  isRateLimited,
  type PlacedMiss,
  requestDocument,
} from "../discovery/published_document.ts";

/** A request for the settings. All of it has been checked. */
export interface FlyteRequest extends Search, FlyteContext {
  readonly overrides: Overrides;
}

/** The settings of a platform. */
export interface FlyteSettings {
  readonly config: ClientConfig;
  /** The client authentication methods that its server supports. */
  readonly authMethods: readonly string[] | undefined;
}

/** A document's places: flyteadmin's, then that of Flyte 2. */
interface Places {
  readonly get: string;
  readonly rpc: string;
  readonly advice: DocumentAdvice;
}

const service = "/flyteidl2.auth.AuthMetadataService/";
const advice: DocumentAdvice = {
  check: "Check the endpoint.",
  absent: "Check the endpoint; if it is the platform's, it may run without authentication, or need a " +
    "StaticClientConfigStore.",
  redirect: "write the endpoint that it leads to.",
  page: "Check the endpoint: it may be that of the console, or of a login page in front of the platform.",
};
const metadataPlaces: Places = { get: "/.well-known/oauth-authorization-server", rpc: "GetOAuth2Metadata", advice };
const clientPlaces: Places = {
  get: "/config/v1/flyte_client",
  rpc: "GetPublicClientConfig",
  advice: { ...advice, check: "Check the endpoint, or say scopes, audience and headerKey yourself (overrides)." },
};

/**
 * Requests the settings, but those that are overridden. The platform must name a token endpoint; settings for its clients
 * are optional.
 */
export async function requestFlyteSettings(request: FlyteRequest): Promise<FlyteSettings> {
  const { platform, timeout, signal, overrides } = request;
  const what = nameSettings(platform);
  return await withDeadline({ timeout, error: () => createTimeoutError(what, timeout), signal }, async (signal) => {
    const isKnown = [overrides.scopes, overrides.audience, overrides.headerKey].every((it) => it !== undefined);
    // Both requests run at once; an error of one aborts the other.
    const both = new AbortController();
    const stop = () => both.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    const find = <T>(places: Places, parse: (document: Document) => Answer<T>) =>
      findDocument(places, request, both.signal, parse);
    const metadataRequest = find(metadataPlaces, (document) => parseFlyteMetadata(document, request));
    const clientRequest = isKnown
      ? Promise.resolve<Found<FlyteClient>>({ ok: {} })
      : find(clientPlaces, (document) => parseFlyteClient(document, overrides));
    clientRequest.catch(() => {});
    let metadata: Found<FlyteMetadata>;
    let client: Found<FlyteClient>;
    try {
      metadata = await metadataRequest;
      if ("misses" in metadata) throw createLookupError(what, metadata.misses);
      client = await clientRequest;
    } catch (error) {
      both.abort(error);
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
    if ("misses" in client && client.misses.some(({ code }) => code !== "config_not_found")) {
      throw createLookupError(what, client.misses);
    }
    // The default header is the usual one (flyteidl2's auth_service.proto).
    const { scopes, audience, headerKey } = "ok" in client ? client.ok : {};
    const { tokenEndpoint, issuer, authMethods } = metadata.ok;
    // Frozen, for all callers share it.
    const config = Object.freeze({
      tokenEndpoint,
      ...issuer !== undefined && { issuer },
      scopes: overrides.scopes ?? scopes,
      audience: overrides.audience ?? audience,
      resource: overrides.resource,
      headerKey: overrides.headerKey ?? headerKey,
    });
    return { config, authMethods };
  });
}

/** Names the settings in messages. */
function nameSettings(platform: string): string {
  return `the settings of ${platform}`;
}

/** A document from either place, or why there is none. */
type Found<T> = { readonly ok: T } | { readonly misses: readonly PlacedMiss[] };

/** Requests the document from the first place that has a valid one: an unknown path may answer anything. */
async function findDocument<T>(
  { get, rpc, advice }: Places,
  request: FlyteRequest,
  signal: AbortSignal,
  parse: (document: Document) => Answer<T>,
): Promise<Found<T>> {
  const misses: PlacedMiss[] = [];
  for (const place of [get, service + rpc]) {
    const answer = await requestAt(place, request, advice, signal);
    const parsed = "ok" in answer ? parse(answer.ok) : answer;
    if ("ok" in parsed) return parsed;
    misses.push({ ...parsed.miss, place });
    if (isRateLimited(parsed.miss)) break;
  }
  return { misses };
}

function requestAt(
  place: string,
  { fetch, platform, clock }: FlyteRequest,
  advice: DocumentAdvice,
  signal: AbortSignal,
): Promise<Answer<Document>> {
  const details = { fetch, what: nameSettings(platform), server: platform, advice, now: () => clock.wall() };
  const url = platform.replace(/\/$/, "") + place;
  if (!place.startsWith(service)) return requestDocument(url, details, { signal });
  // Connect's unary call over HTTP. A server without it has nothing at this path, or nothing that takes a POST.
  const headers = { "content-type": "application/json", "connect-protocol-version": "1" };
  const init = { method: "POST", headers, body: "{}", signal };
  return requestDocument(url, { ...details, alsoAbsent: [405, 415] }, init);
}
