/**
 * Requests an API's metadata (RFC 9728 §3, §5), then that of the authorization server it names.
 *
 * @module
 */

import { parseUrl } from "../arguments.ts";
import { withDeadline } from "../refresh/deadlines.ts";
import { AuthenticationError } from "../errors.ts";
import { type Challenge, parseChallenges } from "../http/www_authenticate.ts";
import type { AuthorizationServerMetadata } from "./authorization_server_metadata.ts";
import type { Search } from "./cached_lookup.ts";
import { isSameIssuer } from "./issuer.ts";
import { requestMetadata } from "./metadata_request.ts";
import { parseProtectedResourceMetadata, type ProtectedResourceMetadata } from "./protected_resource_metadata.ts";
import {
  createLookupError,
  createNetworkError,
  createTimeoutError,
  type DocumentAdvice,
  isRateLimited,
  type PlacedMiss,
  requestDocument,
} from "./published_document.ts";

/** Which API is asked, and how; already checked. */
export interface ProtectedResourceRequest extends Search {
  /** The URL of the API. */
  readonly resource: URL;
  /** The expected issuers, in order of preference. */
  readonly issuers: readonly string[];
  readonly allowInsecureRequests: boolean | undefined;
}

/** The result of a search. */
export interface ProtectedResource {
  readonly metadata: ProtectedResourceMetadata;
  /** Metadata of the expected authorization server that the API names. */
  readonly server: AuthorizationServerMetadata;
  /** The API's challenge to a request without a token. */
  readonly challenge: Challenge | undefined;
}

const advice: DocumentAdvice = {
  check: "Check the API's URL.",
  absent: "Check the API's URL; if it publishes no metadata, ask its authorization server " +
    "(DiscoveryClientConfigStore).",
  redirect: "use the URL that the API itself names.",
  page: "Check the API's URL: it may be the address of a web site.",
};

/** Returns the metadata of an API and of its authorization server, within one deadline. */
export async function requestProtectedResource(request: ProtectedResourceRequest): Promise<ProtectedResource> {
  const { issuers, timeout, signal } = request;
  const name = formatResource(request);
  let what = `the protected resource metadata of ${name}`;
  return await withDeadline({ timeout, error: () => createTimeoutError(what, timeout), signal }, async (signal) => {
    const challenge = await requestChallenge(request, signal);
    const metadata = await requestResourceMetadata(challenge, request, signal);
    const { authorization_servers = [], bearer_methods_supported } = metadata;
    if (bearer_methods_supported?.includes("header") === false) {
      throw createUnusableError(
        name,
        "it accepts no token in a header (bearer_methods_supported). This client sends it nowhere else.",
      );
    }
    // The caller decides which server may receive the secret: an API could name its own.
    const issuer = issuers.find((issuer) => authorization_servers.some((server) => isSameIssuer(server, issuer)));
    if (issuer === undefined) {
      const expected = issuers.join(", ");
      throw createUnusableError(
        name,
        `its authorization_servers name none of the issuers that are expected (${expected}). If you trust one that ` +
          "they name with this client's credentials, add it; if they name none, ask yours (DiscoveryClientConfigStore).",
      );
    }
    what = `the metadata of ${issuer}`;
    return { metadata, server: await requestMetadata({ ...request, issuer, signal }), challenge };
  });
}

/** Returns the API's challenge to a request without a token, if it comes within half of the time. */
async function requestChallenge(
  request: ProtectedResourceRequest,
  signal: AbortSignal,
): Promise<Challenge | undefined> {
  const { fetch, resource, timeout } = request;
  const gaveUp = Symbol();
  try {
    const response = await withDeadline(
      { timeout: timeout / 2, error: () => gaveUp, signal },
      (signal) =>
        // MCP servers check it before the token (Streamable HTTP).
        fetch(resource.href, {
          headers: { accept: "application/json, text/event-stream" },
          signal,
          redirect: "manual",
        }),
    );
    // An unprotected API may answer with an endless stream.
    void response.body?.cancel().catch(() => {});
    // A custom fetch may follow redirects, to an unknown server.
    if (response.redirected) return undefined;
    const challenges = parseChallenges(response.headers.get("www-authenticate"));
    // RFC 9728 §5.1 allows it with any scheme.
    return challenges.find(({ parameters }) => parameters.has("resource_metadata")) ??
      challenges.find(({ scheme }) => scheme === "bearer" || scheme === "dpop");
  } catch (error) {
    signal.throwIfAborted();
    if (error === gaveUp) return undefined;
    if (error instanceof AuthenticationError) throw error;
    throw createNetworkError(error, resource.href, createDocumentRequest(request));
  }
}

/** Returns the API's metadata from the first location that has it. */
async function requestResourceMetadata(
  challenge: Challenge | undefined,
  request: ProtectedResourceRequest,
  signal: AbortSignal,
): Promise<ProtectedResourceMetadata> {
  const { resource: asked, allowInsecureRequests } = request;
  const { urls, named, misses } = listLocations(asked, challenge);
  const about = createDocumentRequest(request);
  for (const url of urls) {
    const place = url === named ? challengedPlace : new URL(url).pathname;
    const answer = await requestDocument(url, about, { signal });
    // One of many APIs of an origin controls its own path. Metadata for its neighbours, whose tokens it would then
    // receive, counts only in the locations of the origin (RFC 8615), not in one of the API's choice.
    const context = { asked, mayBeParent: url !== named, allowInsecureRequests };
    const parsed = "ok" in answer ? parseProtectedResourceMetadata(answer.ok, context) : answer;
    if ("ok" in parsed) return parsed.ok;
    misses.push({ ...parsed.miss, place });
    if (isRateLimited(parsed.miss)) break;
  }
  throw createLookupError(about.what, misses);
}

/** Stands in messages for the URL in a challenge, which is the API's own text. */
const challengedPlace = "the location in its challenge";

/**
 * Lists where an API's metadata may be, in order: as its challenge says, as RFC 9728 §3.1 says, the same without a
 * trailing slash, and, for MCP, at the root of the server.
 *
 * RFC 9728 allows any location in a challenge. Here it must be on the API's own origin, or an API could have its clients
 * send requests into the network they are in.
 */
function listLocations(resource: URL, challenge: Challenge | undefined) {
  const root = `${resource.origin}/.well-known/oauth-protected-resource`;
  const path = resource.pathname === "/" ? "" : resource.pathname;
  const usual = [root + path + resource.search, root + path.replace(/\/$/, "") + resource.search, root];
  const misses: PlacedMiss[] = [];
  const text = challenge?.parameters.get("resource_metadata");
  if (text === undefined) return { urls: new Set(usual), named: undefined, misses };
  const url = parseUrl(text);
  if (url?.origin !== resource.origin || url.username || url.password) {
    misses.push({
      place: challengedPlace,
      code: "invalid_config",
      reason: "isn't on its own origin, and wasn't requested",
      advice: "Have the API publish its metadata on its own origin (RFC 9728 §3.1), and name the whole URL.",
    });
    return { urls: new Set(usual), named: undefined, misses };
  }
  url.hash = "";
  return { urls: new Set([url.href, ...usual]), named: usual.includes(url.href) ? undefined : url.href, misses };
}

function createDocumentRequest(request: ProtectedResourceRequest) {
  const name = formatResource(request);
  return {
    fetch: request.fetch,
    what: `the protected resource metadata of ${name}`,
    server: name,
    advice,
    now: () => request.clock.wall(),
  };
}

/** Without the query, which may hold a secret. */
function formatResource({ resource: { origin, pathname } }: ProtectedResourceRequest): string {
  return origin + pathname.replace(/\/$/, "");
}

function createUnusableError(name: string, reason: string): AuthenticationError {
  return new AuthenticationError("invalid_config", `Cannot use the protected resource metadata of ${name}: ${reason}`);
}
