/**
 * Asks a Flyte platform how one signs in.
 *
 * @module
 */

import { withDeadline } from "../abort.ts";
import { AuthenticationError } from "../errors.ts";
import type { Search } from "./cached_lookup.ts";
import type { ClientConfig } from "./client_config_store.ts";
import {
  type FlyteClient,
  type FlyteContext,
  type FlyteFault,
  judgeFlyteClient,
  judgeFlyteMetadata,
} from "./flyte_document.ts";
import { type DocumentAdvice, gravest, type Miss, requestDocument } from "./published_document.ts";

/** Who is asked, and how. All of it has been checked. */
export interface FlyteRequest extends Search, FlyteContext {
  /** What the user says himself. */
  readonly said: FlyteClient;
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
export async function requestFlyteConfig(request: FlyteRequest): Promise<ClientConfig> {
  const { platform, timeout, signal, said } = request;
  const error = () =>
    new AuthenticationError("timeout", `Cannot get the settings of ${platform}: no answer within ${timeout} ms.`, {
      retryable: true,
    });
  return await withDeadline({ timeout, error, signal }, async (signal) => {
    const isKnown = said.scopes !== undefined && said.audience !== undefined && said.headerKey !== undefined;
    // Both at a time. Neither is left alone: a request that goes on behind an error would be nobody's.
    const [metadata, client] = await Promise.allSettled([
      ask(metadataWays, request, signal, (document) => judgeFlyteMetadata(document, request)),
      isKnown
        ? Promise.resolve<FlyteClient>({})
        : ask(clientWays, request, signal, (document) => judgeFlyteClient(document, said)),
    ]);
    if (metadata.status === "rejected") throw metadata.reason;
    if (client.status === "rejected") throw client.reason;
    if (metadata.value instanceof Misses) throw metadata.value.error(platform);
    if (client.value instanceof Misses && !client.value.areAbsent) throw client.value.error(platform);
    // Who says nothing takes the token in the usual header (flyteidl2's auth_service.proto).
    const { scopes, audience, headerKey } = client.value instanceof Misses ? {} : client.value;
    // Shared by all who ask.
    return Object.freeze({
      ...metadata.value,
      scopes: said.scopes ?? scopes,
      audience: said.audience ?? audience,
      headerKey: said.headerKey ?? headerKey,
    });
  });
}

/** What came in place of a document, by either way. */
class Misses {
  readonly #misses: readonly (Miss & { readonly place: string })[];

  constructor(misses: readonly (Miss & { readonly place: string })[]) {
    this.#misses = misses;
  }

  get areAbsent(): boolean {
    return this.#misses.every(({ code }) => code === "config_absent");
  }

  error(platform: string): AuthenticationError {
    const { code, advice, status, retryable, retryAfter } = gravest(this.#misses);
    const places = this.#misses.map(({ place, reason }) => `${place} ${reason}`).join("; ");
    return new AuthenticationError(code, `Cannot get the settings of ${platform}: ${places}. ${advice}`, {
      status,
      retryable,
      retryAfter,
    });
  }
}

/** The document by the first way that gives one of use: what a server says under paths it doesn't know, nobody knows. */
async function ask<T extends object>(
  { get, rpc, advice }: Ways,
  request: FlyteRequest,
  signal: AbortSignal,
  judge: (document: Record<string, unknown>) => T | FlyteFault,
): Promise<Exclude<T, FlyteFault> | Misses> {
  const misses: (Miss & { place: string })[] = [];
  for (const place of [get, service + rpc]) {
    const answer = await askAt(place, request, advice, signal);
    const judged = "document" in answer ? judge(answer.document) : answer;
    if (!("reason" in judged)) return judged as Exclude<T, FlyteFault>;
    misses.push({ ...judged, place });
  }
  return new Misses(misses);
}

function askAt(
  place: string,
  { fetch, platform, clock }: FlyteRequest,
  advice: DocumentAdvice,
  signal: AbortSignal,
): Promise<{ readonly document: Record<string, unknown> } | Miss> {
  const asked = { fetch, what: `the settings of ${platform}`, server: platform, advice, now: () => clock.wall() };
  const url = platform.replace(/\/$/, "") + place;
  if (!place.startsWith(service)) return requestDocument(url, asked, { signal });
  // Connect's unary call over HTTP. Who doesn't know it has nothing at this path, or nothing that one posts to.
  const headers = { "content-type": "application/json", "connect-protocol-version": "1" };
  const init = { method: "POST", headers, body: "{}", signal };
  return requestDocument(url, { ...asked, alsoAbsent: [405, 415] }, init);
}
