/**
 * Asks a Flyte platform how one signs in.
 *
 * @module
 */

import { withDeadline } from "../abort.ts";
import type { Search } from "./cached_lookup.ts";
import type { ClientConfig } from "./client_config_store.ts";
import { type FlyteClient, type FlyteContext, judgeFlyteClient, judgeFlyteMetadata } from "./flyte_document.ts";
import type { Overrides } from "./overrides.ts";
import {
  type Answer,
  type Document,
  type DocumentAdvice,
  missed,
  type PlacedMiss,
  requestDocument,
  tooLate,
} from "./published_document.ts";

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
  return await withDeadline({ timeout, error: () => tooLate(what, timeout), signal }, async (signal) => {
    const isKnown = said.scopes !== undefined && said.audience !== undefined && said.headerKey !== undefined;
    // Both at a time. Neither is left alone: a request that goes on behind an error would be nobody's.
    const [metadata, client] = await Promise.allSettled([
      ask(metadataWays, request, signal, (document) => judgeFlyteMetadata(document, request)),
      isKnown
        ? Promise.resolve<Found<FlyteClient>>({ ok: {} })
        : ask(clientWays, request, signal, (document) => judgeFlyteClient(document, said)),
    ]);
    if (metadata.status === "rejected") throw metadata.reason;
    if (client.status === "rejected") throw client.reason;
    if ("misses" in metadata.value) throw missed(what, metadata.value.misses);
    const isSilent = "misses" in client.value && client.value.misses.every(({ code }) => code === "config_absent");
    if ("misses" in client.value && !isSilent) throw missed(what, client.value.misses);
    // Who says nothing takes the token in the usual header (flyteidl2's auth_service.proto).
    const { scopes, audience, headerKey } = "ok" in client.value ? client.value.ok : {};
    const { tokenEndpoint, issuer, authMethods } = metadata.value.ok;
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
