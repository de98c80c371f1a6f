/**
 * Asks a Flyte platform how one signs in.
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
  judgeFlyteClient,
  judgeFlyteMetadata,
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

/** Who is asked, and how. All of it has been checked. */
export interface FlyteRequest extends Search, FlyteContext {
  /** What the user says himself. */
  readonly said: Overrides;
}

/** What was found. */
export interface FlyteSettings {
  readonly config: ClientConfig;
  /** How clients may prove who they are. */
  readonly authMethods: readonly string[] | undefined;
}

/** The two ways to the same: what flyteadmin serves, then what Flyte 2 does. */
interface Ways {
  readonly get: string;
  readonly rpc: string;
  readonly advice: DocumentAdvice;
}

const service = "/flyteidl2.auth.AuthMetadataService/";
const advice: DocumentAdvice = {
  check: "Check the endpoint.",
  absent: "Check the endpoint; if it is the platform's, it may run without authentication, or its authorization " +
    "server is to be named by yourself (StaticClientConfigStore).",
  redirect: "write the endpoint that it leads to.",
  page: "Check the endpoint: it may be that of the console, or of a login page in front of the platform.",
};
const metadataWays: Ways = { get: "/.well-known/oauth-authorization-server", rpc: "GetOAuth2Metadata", advice };
const clientWays: Ways = {
  get: "/config/v1/flyte_client",
  rpc: "GetPublicClientConfig",
  advice: { ...advice, check: "Check the endpoint, or say scopes, audience and headerKey yourself (overrides)." },
};

/**
 * The client's settings, as the platform says them but for what the user says. A platform need not say anything to its
 * clients; the token endpoint it must name.
 */
export async function requestFlyteSettings(request: FlyteRequest): Promise<FlyteSettings> {
  const { platform, timeout, signal, said } = request;
  const what = whatOf(platform);
  return await withDeadline({ timeout, error: () => createTimeoutError(what, timeout), signal }, async (signal) => {
    const isKnown = said.scopes !== undefined && said.audience !== undefined && said.headerKey !== undefined;
    // Both at a time. Without the metadata there is nothing to wait for. Neither is left alone: a request that goes on
    // behind an error would be nobody's.
    const both = new AbortController();
    const stop = () => both.abort(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    const asking = ask(metadataWays, request, both.signal, (document) => judgeFlyteMetadata(document, request));
    const askingClient = isKnown
      ? Promise.resolve<Found<FlyteClient>>({ ok: {} })
      : ask(clientWays, request, both.signal, (document) => judgeFlyteClient(document, said));
    askingClient.catch(() => {});
    let metadata: Found<FlyteMetadata>;
    let client: Found<FlyteClient>;
    try {
      metadata = await asking;
      if ("misses" in metadata) throw createLookupError(what, metadata.misses);
      client = await askingClient;
    } catch (error) {
      both.abort(error);
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
    if ("misses" in client && client.misses.some(({ code }) => code !== "config_not_found")) {
      throw createLookupError(what, client.misses);
    }
    // Who says nothing takes the token in the usual header (flyteidl2's auth_service.proto).
    const { scopes, audience, headerKey } = "ok" in client ? client.ok : {};
    const { tokenEndpoint, issuer, authMethods } = metadata.ok;
    // Shared by all who ask.
    const config = Object.freeze({
      tokenEndpoint,
      ...issuer !== undefined && { issuer },
      scopes: said.scopes ?? scopes,
      audience: said.audience ?? audience,
      resource: said.resource,
      headerKey: said.headerKey ?? headerKey,
    });
    return { config, authMethods };
  });
}

/** What is asked for, as messages say it. */
function whatOf(platform: string): string {
  return `the settings of ${platform}`;
}

/** What came of both ways. */
type Found<T> = { readonly ok: T } | { readonly misses: readonly PlacedMiss[] };

/** The document by the first way that gives one of use: what a server says under paths it doesn't know, nobody knows. */
async function ask<T>(
  { get, rpc, advice }: Ways,
  request: FlyteRequest,
  signal: AbortSignal,
  judge: (document: Document) => Answer<T>,
): Promise<Found<T>> {
  const misses: PlacedMiss[] = [];
  for (const place of [get, service + rpc]) {
    const answer = await askAt(place, request, advice, signal);
    const judged = "ok" in answer ? judge(answer.ok) : answer;
    if ("ok" in judged) return judged;
    misses.push({ ...judged.miss, place });
    if (isRateLimited(judged.miss)) break;
  }
  return { misses };
}

function askAt(
  place: string,
  { fetch, platform, clock }: FlyteRequest,
  advice: DocumentAdvice,
  signal: AbortSignal,
): Promise<Answer<Document>> {
  const asked = { fetch, what: whatOf(platform), server: platform, advice, now: () => clock.wall() };
  const url = platform.replace(/\/$/, "") + place;
  if (!place.startsWith(service)) return requestDocument(url, asked, { signal });
  // Connect's unary call over HTTP. Who doesn't know it has nothing at this path, or nothing that one posts to.
  const headers = { "content-type": "application/json", "connect-protocol-version": "1" };
  const init = { method: "POST", headers, body: "{}", signal };
  return requestDocument(url, { ...asked, alsoAbsent: [405, 415] }, init);
}
