/**
 * Asks an API what it publishes of itself (RFC 9728 §3, §5), then the authorization server it names.
 *
 * @module
 */

import { withDeadline } from "../refresh/deadlines.ts";
import { AuthenticationError } from "../errors.ts";
import { type Challenge, parseChallenges } from "../http/www_authenticate.ts";
import type { AuthorizationServerMetadata } from "./authorization_server_metadata.ts";
import type { Search } from "./cached_lookup.ts";
import { isSameIssuer } from "./issuer.ts";
import { requestMetadata } from "./metadata_request.ts";
import { judgeProtectedResource, type ProtectedResourceMetadata } from "./protected_resource_metadata.ts";
import {
  type DocumentAdvice,
  isFull,
  missed,
  type PlacedMiss,
  requestDocument,
  tooLate,
  unreachable,
} from "./published_document.ts";

/** Which API is asked, and how. All of it has been checked. */
export interface ProtectedResourceRequest extends Search {
  /** The URL of the API. */
  readonly resource: URL;
  /** The issuers it may name; one that comes earlier is preferred. */
  readonly issuers: readonly string[];
  readonly allowInsecureRequests: boolean | undefined;
}

/** What was found. */
export interface ProtectedResource {
  readonly metadata: ProtectedResourceMetadata;
  /** What the authorization server publishes that is expected, and that the API names. */
  readonly server: AuthorizationServerMetadata;
  /** The challenge by which the API answers those who come without a token. */
  readonly challenge: Challenge | undefined;
}

const advice: DocumentAdvice = {
  check: "Check the API's URL.",
  absent: "Check the API's URL; if it publishes no metadata, ask its authorization server " +
    "(DiscoveryClientConfigStore).",
  redirect: "write the URL that the API itself names.",
  page: "Check the API's URL: it may be the address of a web site.",
};

/** The metadata of an API, and that of its authorization server, within one deadline. */
export async function requestProtectedResource(request: ProtectedResourceRequest): Promise<ProtectedResource> {
  const { issuers, timeout, signal } = request;
  const name = nameOf(request);
  let what = `the protected resource metadata of ${name}`;
  return await withDeadline({ timeout, error: () => tooLate(what, timeout), signal }, async (signal) => {
    const challenge = await requestChallenge(request, signal);
    const metadata = await requestResourceMetadata(challenge, request, signal);
    const { authorization_servers = [], bearer_methods_supported } = metadata;
    if (bearer_methods_supported?.includes("header") === false) {
      throw unusable(
        name,
        "it takes no token in a header (bearer_methods_supported). This client sends it nowhere else.",
      );
    }
    // Who may have the secret is the caller's to say, and not that of an API that may belong to anybody.
    const issuer = issuers.find((issuer) => authorization_servers.some((server) => isSameIssuer(server, issuer)));
    if (issuer === undefined) {
      throw unusable(
        name,
        `its authorization_servers name none of the issuers that are expected (${issuers.join(", ")}). If you trust ` +
          "one that they name with this client's credentials, add it; if they name none at all, ask yours " +
          "(DiscoveryClientConfigStore).",
      );
    }
    what = `the metadata of ${issuer}`;
    return { metadata, server: await requestMetadata({ ...request, issuer, signal }), challenge };
  });
}

/** How the API answers those who come without a token, where it says so within half of the time. */
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
        // What MCP servers want to hear (Streamable HTTP) before they look for a token.
        fetch(resource.href, {
          headers: { accept: "application/json, text/event-stream" },
          signal,
          redirect: "manual",
        }),
    );
    // An API that isn't protected may stream for ever.
    void response.body?.cancel().catch(() => {});
    // A fetch that follows redirects all the same brings somebody else's.
    if (response.redirected) return undefined;
    const challenges = parseChallenges(response.headers.get("www-authenticate"));
    // RFC 9728 §5.1 allows it with any scheme.
    return challenges.find(({ parameters }) => parameters.has("resource_metadata")) ??
      challenges.find(({ scheme }) => scheme === "bearer" || scheme === "dpop");
  } catch (error) {
    signal.throwIfAborted();
    if (error === gaveUp) return undefined;
    if (error instanceof AuthenticationError) throw error;
    throw unreachable(error, resource.href, documentRequest(request));
  }
}

/** The API's metadata, from the first place that has it. */
async function requestResourceMetadata(
  challenge: Challenge | undefined,
  request: ProtectedResourceRequest,
  signal: AbortSignal,
): Promise<ProtectedResourceMetadata> {
  const { resource: asked, allowInsecureRequests } = request;
  const { urls, named, misses } = placesOf(asked, challenge);
  const about = documentRequest(request);
  for (const url of urls) {
    const place = url === named ? challengedPlace : new URL(url).pathname;
    const answer = await requestDocument(url, about, { signal });
    // One of many APIs of an origin may publish what it likes under its own path. That it speaks for its neighbours as
    // well, whose tokens it would be sent, counts in the places that belong to the origin alone (RFC 8615), and not in
    // one that the API itself has thought of.
    const context = { asked, mayBeAbove: url !== named, allowInsecureRequests };
    const judged = "ok" in answer ? judgeProtectedResource(answer.ok, context) : answer;
    if ("ok" in judged) return judged.ok;
    misses.push({ ...judged.miss, place });
    if (isFull(judged.miss)) break;
  }
  throw missed(about.what, misses);
}

/** In place of the URL in a challenge, which is the API's own text. */
const challengedPlace = "the place that its challenge names";

/**
 * Where an API's metadata may be, in the order in which they are asked: where its challenge says, then as RFC 9728 §3.1
 * has it, then without a slash at the end of the path, then, as MCP has it, at the root of the server.
 *
 * The RFC lets a challenge name any place. Here it must be of the API's own origin: whoever answers there is the API, and
 * no API can have its clients send requests elsewhere, into the network they are in, say.
 */
function placesOf(resource: URL, challenge: Challenge | undefined) {
  const root = `${resource.origin}/.well-known/oauth-protected-resource`;
  const path = resource.pathname === "/" ? "" : resource.pathname;
  const usual = [root + path + resource.search, root + path.replace(/\/$/, "") + resource.search, root];
  const misses: PlacedMiss[] = [];
  const text = challenge?.parameters.get("resource_metadata");
  if (text === undefined) return { urls: new Set(usual), named: undefined, misses };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.origin !== resource.origin || url.username || url.password) {
    misses.push({
      place: challengedPlace,
      code: "invalid_config",
      reason: "isn't on its own origin, and wasn't asked",
      advice: "Have the API publish its metadata under its own origin (RFC 9728 §3.1), and name it in full.",
    });
    return { urls: new Set(usual), named: undefined, misses };
  }
  url.hash = "";
  return { urls: new Set([url.href, ...usual]), named: usual.includes(url.href) ? undefined : url.href, misses };
}

function documentRequest(request: ProtectedResourceRequest) {
  const name = nameOf(request);
  return {
    fetch: request.fetch,
    what: `the protected resource metadata of ${name}`,
    server: name,
    advice,
    now: () => request.clock.wall(),
  };
}

/** Without what may stand in a query. */
function nameOf({ resource: { origin, pathname } }: ProtectedResourceRequest): string {
  return origin + pathname.replace(/\/$/, "");
}

function unusable(name: string, reason: string): AuthenticationError {
  return new AuthenticationError("invalid_config", `Cannot use the protected resource metadata of ${name}: ${reason}`);
}
